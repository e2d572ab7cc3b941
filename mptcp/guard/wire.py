"""The probe on the wire: 40 bytes there, or more, 40 bytes back, both authenticated. Pure.

    offset  size  field
    0       4     "VVG1"
    4       1     1 in a probe, 2 in its echo
    5       3     zero
    8       8     session: random, chosen by the guard at its start
    16      8     number of the probe within the session, big-endian
    24      16    the first half of HMAC-SHA-256 over bytes 0 to 23 with the shared key
    40      ...   padding, in the probes of a train; its bytes mean nothing

Whoever lacks the key gets no answer at all. A probe that is sent again by an eavesdropper is echoed,
to wherever it says it comes from, but the echo is never larger than the probe, so nobody gains by
it. The guard takes an echo only for a probe of its session that is still unanswered.
"""

from __future__ import annotations

import hashlib
import hmac
from dataclasses import dataclass, field
from enum import IntEnum
from struct import Struct

KEY_BYTES_LEAST = 16  # as long as the tag: guessing the one is no easier than guessing the other
_BODY = Struct(">4sB3xQQ")
_TAG_BYTES = 16
SIZE_BYTES = _BODY.size + _TAG_BYTES
MOST_BYTES = 1200  # with its headers below the 1280 bytes that every IPv6 way takes in one piece
_MAGIC = b"VVG1"


class Kind(IntEnum):
    """Which way a datagram goes."""

    PROBE = 1
    ECHO = 2


@dataclass(frozen=True, slots=True)
class Datagram:
    """One probe or echo."""

    kind: Kind
    session: int = field(repr=False)
    number: int


def encode(datagram: Datagram, key: bytes, *, size: int = SIZE_BYTES) -> bytes:
    """The datagram's bytes, with their tag, padded to `size`."""
    body = _BODY.pack(_MAGIC, datagram.kind, datagram.session, datagram.number)
    return (body + _tag(body, key)).ljust(size, b"\0")


def decode(data: bytes, key: bytes) -> Datagram | None:
    """The datagram in `data`; None when it is not one, or was not made with the key."""
    body, tag = data[: _BODY.size], data[_BODY.size : SIZE_BYTES]
    if not SIZE_BYTES <= len(data) <= MOST_BYTES or not hmac.compare_digest(tag, _tag(body, key)):
        return None
    magic, kind, session, number = _BODY.unpack(body)
    if magic != _MAGIC or kind not in set(Kind):
        return None
    return Datagram(Kind(kind), session, number)


def echo(data: bytes, key: bytes) -> bytes | None:
    """The responder's answer to what arrived, never larger; None for all but a probe made with the key."""
    arrived = decode(data, key)
    if arrived is None or arrived.kind is not Kind.PROBE:
        return None
    return encode(Datagram(Kind.ECHO, arrived.session, arrived.number), key)


def parse_key(data: bytes) -> bytes:
    """The key in the contents of a key file, less the space around it. Raises ValueError when it is too short."""
    key = data.strip()
    if len(key) < KEY_BYTES_LEAST:
        raise ValueError(f"has {len(key)} bytes, a key needs {KEY_BYTES_LEAST} or more: openssl rand -hex 32")
    return key


def _tag(body: bytes, key: bytes) -> bytes:
    return hmac.new(key, body, hashlib.sha256).digest()[:_TAG_BYTES]
