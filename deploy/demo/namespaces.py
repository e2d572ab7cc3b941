"""Anonymous network namespaces: hosts that exist only while something of this program runs.

A namespace made here has no name under /run/netns and no bind mount. It is held by one descriptor
and by the processes inside it, so even `kill -9` leaves nothing behind. A look from outside:
`nsenter --net=/proc/PID/fd/N`, which `Namespace.hint` spells out.
"""

from __future__ import annotations

import ctypes
import os
import socket
import subprocess
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import TYPE_CHECKING, Self, TypeVar

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

CLONE_NEWNET = 0x40000000  # linux/sched.h
_LIBC = ctypes.CDLL(None, use_errno=True)

T = TypeVar("T")


class NamespaceError(Exception):
    """A namespace could not be made, entered or configured; the message names the remedy."""


def in_own_thread(function: Callable[[], T]) -> T:
    """Run `function` in a thread that ends with it.

    The network namespace is a property of a thread: what the function enters is left with the
    thread, and the caller never moves.
    """
    with ThreadPoolExecutor(max_workers=1, thread_name_prefix="netns") as pool:
        return pool.submit(function).result()


def _checked(result: int, doing: str) -> None:
    if result != 0:
        number = ctypes.get_errno()
        raise NamespaceError(f"cannot {doing}: {os.strerror(number)}; run as root, with CAP_SYS_ADMIN in a container")


# The parent may die between the fork and the wish to be told of it: then it is too late for a signal,
# but another process is the parent by now. $0 is the process id of the one that should be.
_IF_PARENT_LIVES = '[ "$PPID" = "$0" ] && exec "$@"; echo "not started: process $0 is not the parent" >&2; exit 1'


def mortal(argv: Sequence[str]) -> list[str]:
    """`argv` wrapped so that the process, started by this one, gets SIGKILL when the starting thread ends.

    Linux ties the parent-death signal to the starting thread: start from one that lives as long as
    the program, normally the main thread. Nothing may stand between: `timeout 5` around the result
    would be the parent, and the process would refuse to start. All wrappers end in exec.
    """
    return ["setpriv", "--pdeathsig", "KILL", "--", "sh", "-c", _IF_PARENT_LIVES, str(os.getpid()), *argv]


class Namespace:
    """One network namespace, and what can be done inside it. Close it, or use it in a `with`.

    `name` is for messages and hints only; the kernel knows the namespace by its descriptor.
    """

    def __init__(self, name: str, fd: int) -> None:
        self.name = name
        self.fd = fd

    @classmethod
    def create(cls, name: str) -> Self:
        """Make a new, empty namespace (`lo` down). Raises `NamespaceError` without the privilege."""

        def unshared() -> int:
            _checked(_LIBC.unshare(CLONE_NEWNET), "create a network namespace")
            return os.open("/proc/thread-self/ns/net", os.O_RDONLY | os.O_CLOEXEC)

        return cls(name, in_own_thread(unshared))

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def __repr__(self) -> str:
        return f"Namespace({self.name!r})"

    def close(self) -> None:
        """Let go of the namespace; it ends with the last process and socket in it. Idempotent."""
        if self.fd >= 0:
            os.close(self.fd)
            self.fd = -1

    @property
    def inode(self) -> int:
        """The number by which /proc/PID/ns/net shows membership; unique while the descriptor is open."""
        return os.fstat(self.fd).st_ino

    @property
    def hint(self) -> str:
        """The command that puts a root shell into the namespace, for a user at another terminal."""
        return f"nsenter --net=/proc/{os.getpid()}/fd/{self.fd}"

    def enter(self) -> None:
        """Move the calling thread into the namespace, for good: for a thread made for that purpose."""
        _checked(_LIBC.setns(self.fd, CLONE_NEWNET), f"enter namespace {self.name}")

    def call(self, function: Callable[[], T]) -> T:
        """The result of `function`, run by a short-lived thread inside the namespace."""

        def inside() -> T:
            self.enter()
            return function()

        return in_own_thread(inside)

    def command(self, argv: Sequence[str]) -> list[str]:
        """`argv` wrapped for any way of starting a process: inside the namespace, and `mortal`.

        The process id is that of `argv` itself, because every wrapper ends in exec.
        """
        return ["nsenter", f"--net=/proc/{os.getpid()}/fd/{self.fd}", "--", *mortal(argv)]

    def run(self, argv: Sequence[str], *, stdin: str = "") -> str:
        """Run a short command inside to its end; its standard output. Raises `NamespaceError` with its complaint."""
        done = subprocess.run(self.command(argv), input=stdin, capture_output=True, text=True, check=False)
        if done.returncode != 0:
            raise NamespaceError(
                f"in namespace {self.name}, `{' '.join(argv)}` failed ({done.returncode}): {done.stderr.strip()}"
            )
        return done.stdout

    def socket(self, family: int = socket.AF_INET, kind: int = socket.SOCK_STREAM, protocol: int = 0) -> socket.socket:
        """A socket of the namespace, usable from any thread: a socket stays where it was made."""
        return self.call(lambda: socket.socket(family, kind, protocol))

    def sysctl(self, key: str, value: str | int | None = None) -> str:
        """Write the setting when `value` is given, then read it. Raises `NamespaceError` naming key and value."""
        path = Path("/proc/sys", *key.split("."))

        def access() -> str:
            if value is not None:
                path.write_text(f"{value}\n")
            return path.read_text().strip()

        try:
            return self.call(access)
        except OSError as error:
            wanted = "" if value is None else f" = {value}"
            raise NamespaceError(
                f"sysctl {key}{wanted} in namespace {self.name}: {error.strerror}; "
                "this kernel lacks the setting or refuses the value"
            ) from error

    def has_sysctl(self, key: str) -> bool:
        """Whether this kernel has the setting per namespace."""
        return self.call(Path("/proc/sys", *key.split(".")).exists)
