"""TUN devices: network interfaces whose far end is a descriptor of ours.

The kernel has segmented and checksummed a packet before it reaches the descriptor, so what is read
is what would be on the air. Only Linux; constants from linux/if_tun.h.
"""

from __future__ import annotations

import fcntl
import os
import struct
from pathlib import Path
from typing import TYPE_CHECKING

from deploy.demo.namespaces import NamespaceError

if TYPE_CHECKING:
    from deploy.demo.namespaces import Namespace

DEVICE = Path("/dev/net/tun")
_TUNSETIFF = 0x400454CA
_IFF_TUN_NO_PI = 0x1001  # IP packets, without the four bytes of packet information
_NAME_MAX = 15  # IFNAMSIZ less the closing zero


def open_tun(namespace: Namespace, name: str) -> int:
    """Create interface `name` in `namespace`; its non-blocking descriptor, which keeps it alive.

    Raises:
        ValueError: the name does not fit an interface.
        NamespaceError: the kernel refused; the message names the remedy.
    """
    if not 0 < len(name.encode()) <= _NAME_MAX:
        raise ValueError(f"interface name {name!r}: 1 to {_NAME_MAX} bytes")
    try:
        return namespace.call(lambda: _attach(name))
    except OSError as error:
        raise NamespaceError(
            f"cannot create the interface {name} through {DEVICE}: {error.strerror}; "
            "load the module (modprobe tun) and give a container the device and CAP_NET_ADMIN"
        ) from error


def _attach(name: str) -> int:
    fd = os.open(DEVICE, os.O_RDWR | os.O_NONBLOCK | os.O_CLOEXEC)
    try:
        fcntl.ioctl(fd, _TUNSETIFF, struct.pack("16sH22x", name.encode(), _IFF_TUN_NO_PI))
    except OSError:
        os.close(fd)
        raise
    return fd
