"""The values that the parts of the exporter hand each other."""

from __future__ import annotations

from enum import StrEnum
from typing import NamedTuple


class Role(StrEnum):
    """Which end of the bond is watched."""

    SENDER = "sender"
    RECEIVER = "receiver"


class Datagram(NamedTuple):
    """One UDP datagram of the bond, as far as it was captured.

    Attributes:
        at_s: when the kernel saw it, on the clock of the observer's calls.
        upward: from the sender to the receiver.
        peer: address and port of the sender's end, 6 or 18 bytes: what tells links apart.
        interface: index of the interface.
        length: bytes of the whole payload.
        head: the payload's first bytes.
    """

    at_s: float
    upward: bool
    peer: bytes
    interface: int
    length: int
    head: bytes
