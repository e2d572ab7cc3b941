"""Where keyframes begin in an SRT stream, and since when what is played is whole again. Pure.

MPEG-TS (ISO/IEC 13818-1, 2.4.3): a packet of 188 bytes may say in its adaptation field that decoders can begin
with it, and begins an elementary stream's packet whose id tells video from sound. SRT's stamps tell how long
after another packet a packet is played.
"""

from __future__ import annotations

from collections import deque

from exporters.srtla.wire import ENCRYPTED, SEQUENCE_MASK, SRT_HEADER_BYTES, Handshake, ahead

TS_BYTES = 188
SYNC = 0x47
BEGINS = 0x40  # payload_unit_start_indicator, in the packet's second byte
ADAPTED = 0x20  # the packet has an adaptation field, in its fourth byte
RANDOM_ACCESS = 0x40  # in the adaptation field's second byte
_VIDEO = range(0xE0, 0xF0)
_REMEMBERED = 64  # two minutes of keyframes; more of them come in the latency of no stream that is not all keyframes
_HANDSHAKES = 16
_LEARNED_FOR_S = 600.0  # clocks of two machines drift apart by 30 ms in it
_HALF = 1 << 31


def begins_keyframe(packet: bytes) -> bool:
    """Whether a keyframe begins in an SRT data packet, header and all; False where it is encrypted or cut short."""
    if len(packet) < SRT_HEADER_BYTES or packet[4] & ENCRYPTED:
        return False
    places = range(SRT_HEADER_BYTES, len(packet) - TS_BYTES + 1, TS_BYTES)
    return any(_begins_keyframe(packet[place : place + TS_BYTES]) for place in places)


def _begins_keyframe(packet: bytes) -> bool:
    begins = packet[0] == SYNC and packet[1] & BEGINS and packet[3] & ADAPTED
    if not begins or not packet[4] or not packet[5] & RANDOM_ACCESS:
        return False
    start = packet[5 + packet[4] : 9 + packet[4]]
    return len(start) == 4 and start[:3] == b"\0\0\1" and start[3] in _VIDEO


class Timings:
    """When servers play what they receive, as their handshakes agreed; of the last few connections."""

    def __init__(self) -> None:
        self._called: dict[int, tuple[int, float]] = {}
        self._answered: dict[int, tuple[int, float]] = {}

    def called(self, said: Handshake | None, at_s: float) -> None:
        """Take a caller's last message; its first copy is what the server keeps time by."""
        if said is None or said.socket in self._called:
            return
        if len(self._called) >= _HANDSHAKES:
            del self._called[next(iter(self._called))]
        self._called[said.socket] = said.stamp, at_s

    def answered(self, said: Handshake | None) -> None:
        """Take the server's answer, which has the latency in it."""
        called = None if said is None else self._called.get(said.destination)
        if said is None or called is None or said.latency_s is None:
            return
        if len(self._answered) >= _HANDSHAKES:
            del self._answered[next(iter(self._answered))]
        self._answered[said.socket] = called[0], called[1] + said.latency_s

    def of(self, socket: int) -> tuple[int, float] | None:
        """A stamp of the stream to this socket, and when what has it is played; None without a handshake."""
        return self._answered.get(socket)


class Wholeness:
    """Since when what the SRT server plays has had nothing missing that a decoder still needs."""

    def __init__(self) -> None:
        self.keyframes = 0
        self.whole_s: float | None = None  # may lie ahead: what has arrived is played later
        self._begun: deque[tuple[int, int]] = deque(maxlen=_REMEMBERED)
        self._broken: int | None = None  # the last number before what needs a keyframe
        self._played: tuple[int, float] | None = None  # a stamp, and when what has it is played
        self._learned_s = 0.0

    def plays(self, known: tuple[int, float] | None) -> None:
        """A stamp, and when what has it is played, where the handshake was seen; else holes will tell."""
        self._played, self._learned_s = known, 0.0 if known is None else known[1]

    def keyframe(self, sequence: int, stamp: int, at_s: float) -> None:
        """Take a packet in which a keyframe begins."""
        self.keyframes += 1
        self._begun.append((sequence, stamp))
        if self._played is not None:
            self._played = stamp, self._played_s(stamp, self._played)  # stamps come round: the next is not far
        if self._broken is not None:
            self._mended(sequence, stamp)
        elif self.whole_s is None:
            self.whole_s = at_s

    def hole(self, missing: int, stamp: int | None, at_s: float) -> None:
        """Number `missing` is the last one given up: at `at_s` the next, which has this stamp, is played.

        It may have come after it was due, and is played late: so the earliest that was learned lately is true. Without
        a stamp nothing is learned.
        """
        known = self._played
        if stamp is None:
            self._breaks(missing)
            return
        if known is None or at_s - self._learned_s > _LEARNED_FOR_S or at_s < self._played_s(stamp, known):
            self._played, self._learned_s = (stamp, at_s), at_s
        self._breaks(missing)

    def pause(self, sequence: int) -> None:
        """Nothing was sent for a while before this number: an encoder that begins anew."""
        if self._played is not None:
            self._breaks(sequence - 1 & SEQUENCE_MASK)

    def _breaks(self, number: int) -> None:
        self._broken, self.whole_s = number, None
        for keyframe in self._begun:
            self._mended(*keyframe)

    def _mended(self, sequence: int, stamp: int) -> None:
        if self._broken is None or self._played is None or ahead(sequence, self._broken) <= 0:
            return
        played_s = self._played_s(stamp, self._played)
        self.whole_s = played_s if self.whole_s is None else min(self.whole_s, played_s)

    @staticmethod
    def _played_s(stamp: int, known: tuple[int, float]) -> float:
        return known[1] + (((stamp - known[0] + _HALF) & 0xFFFFFFFF) - _HALF) * 1e-6
