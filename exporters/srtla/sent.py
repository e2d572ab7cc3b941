"""The sender's view of one SRT stream: which link carried which packet, and what became of it. Pure.

A packet is delivered when its link's SRTLA ACK names it; on a link that has none, as in plain SRT, when
the SRT ACK has passed it. Where there are SRTLA ACKs the SRT ACK proves no delivery: it also passes what the
receiver has given up. A NAK alone is no loss: uplinks of different delay reorder. It is one when no
acknowledgement of the transmission follows within the time that this takes.
"""

from __future__ import annotations

import struct
from array import array
from dataclasses import dataclass

from exporters.srtla.link import Link
from exporters.srtla.wire import RETRANSMITTED, SEQUENCE_MASK, ahead

WINDOW = 1 << 14  # as at the receiver: 7 s at 20 Mbit/s
_SLOT = WINDOW - 1
_HEADER = struct.Struct(">II")
_GRACE_S = 0.25  # where nothing is known yet of the link's round trip and the pace of its SRTLA ACKs
_SUSPECTS = 4096


@dataclass(slots=True)
class _Suspect:
    """A NAKed packet: who carried it, until when to wait, and its repetitions, of all and of that link.

    `came` counts what the link acknowledged of it; `again_s` is the link's first repetition.
    """

    link: Link
    length: int
    due_s: float
    repeated: bool = False
    repeats: int = 0
    again_s: float = 0.0
    came: int = 0


class Sent:
    """What was sent of a stream, on all its links together."""

    def __init__(self) -> None:
        self.acknowledged_bytes = 0
        self.backlog_bytes = 0
        self.expected = 0
        self.lost = 0
        self._sequence = array("q", [-1]) * WINDOW
        self._naked = array("q", [-1]) * WINDOW
        self._length = array("i", [0]) * WINDOW
        self._pending = bytearray(WINDOW)  # 1 until it is acknowledged end to end
        self._at_s = array("d", [0.0]) * WINDOW
        self._first_s = array("d", [0.0]) * WINDOW
        self._carrier: list[Link | None] = [None] * WINDOW  # None once it landed or was given up
        self._suspects: dict[int, _Suspect] = {}
        self._highest: int | None = None
        self._following: int | None = None  # first number that the SRT ACK has not passed
        self._swept: int | None = None  # first number that may still wait for an SRTLA ACK

    def data(self, link: Link, at_s: float, length: int, head: bytes) -> None:
        """Take a data packet that leaves, 8 bytes of it at least."""
        sequence, flags = _HEADER.unpack_from(head)
        tally = link.tally
        tally.segments += 1
        slot = sequence & _SLOT
        again = self._sequence[slot] == sequence
        if flags & RETRANSMITTED:
            tally.retransmitted += 1
            tally.retransmitted_bytes += length
            suspect = self._suspects.get(sequence)
            if suspect is not None:
                suspect.repeated = True
                if link is suspect.link:
                    suspect.repeats += 1
                    suspect.again_s = suspect.again_s or at_s
        self._release(slot)
        if not again:
            self._settled(slot)
            self._sequence[slot], self._length[slot], self._first_s[slot] = sequence, length, at_s
            self._pending[slot] = 1
            self.backlog_bytes += length
            self._advance(sequence)
        self._carrier[slot], self._at_s[slot] = link, at_s
        link.sent(length)

    def landed(self, link: Link, at_s: float, sequences: tuple[int, ...]) -> None:
        """Take an SRTLA ACK: these packets came over this link. The last one caused the ACK, so it tells the RTT."""
        for place, sequence in enumerate(sequences, 1):
            slot = sequence & _SLOT
            if self._sequence[slot] != sequence:
                continue
            if self._suspects:
                self._exonerate(sequence, link, at_s)
            if self._carrier[slot] is link:
                if place == len(sequences) and self._first_s[slot] == self._at_s[slot]:
                    link.rtt.add(at_s, at_s - self._at_s[slot])
                self._deliver(slot)
        link.acknowledged(at_s)

    def acknowledged(self, at_s: float, following: int) -> None:
        """Take an SRT ACK: everything before `following` arrived, whichever link's word of it was lost."""
        if self._highest is None or ahead(following, self._highest) > 1:
            return
        first = self._following
        if first is None or abs(ahead(following, first)) > WINDOW:
            first = (following - WINDOW) & SEQUENCE_MASK
        for distance in range(ahead(following, first)):
            sequence = (first + distance) & SEQUENCE_MASK
            slot = sequence & _SLOT
            if self._sequence[slot] != sequence:
                continue
            carrier = self._carrier[slot]
            if carrier is not None and carrier.ack_gap_s is None:
                self._deliver(slot)
                carrier.acknowledged_s = at_s
            elif self._suspects:
                self._passed(sequence)
            if self._pending[slot]:
                self.acknowledged_bytes += self._length[slot]
                self._settled(slot)
        if self._following is None or ahead(following, first) > 0:
            self._following = following

    def naks(self, at_s: float, ranges: list[tuple[int, int]]) -> None:
        """Take a NAK; numbers that were not sent within the window are ignored, however many are claimed."""
        if self._highest is None:
            return
        for first, last in ranges:
            begin = max(ahead(first, self._highest), 1 - WINDOW)
            for distance in range(begin, min(ahead(last, self._highest), 0) + 1):
                self._naked_one(at_s, (self._highest + distance) & SEQUENCE_MASK)

    def settle(self, at_s: float) -> None:
        """Charge the links with the suspects whose time is up."""
        for sequence, suspect in list(self._suspects.items()):
            if suspect.due_s <= at_s:
                del self._suspects[sequence]
                suspect.link.tally.lost += 1
        self._sweep(at_s)

    def _sweep(self, at_s: float) -> None:
        """Take off what is in flight the packets that the SRT ACK passed long ago: their SRTLA ACK is lost."""
        if self._following is None:
            return
        if self._swept is None or not 0 <= ahead(self._following, self._swept) <= WINDOW:
            self._swept = self._following
        while self._swept != self._following:
            slot = self._swept & _SLOT
            carrier = self._carrier[slot]
            if carrier is not None and at_s - self._at_s[slot] < _patience_s(carrier):
                return
            self._release(slot)
            self._swept = (self._swept + 1) & SEQUENCE_MASK

    def oldest_s(self) -> float | None:
        """When the oldest packet was sent that the SRT ACK has not passed; None without one."""
        if self._highest is None or self._following is None:
            return None
        for distance in range(min(ahead(self._highest, self._following) + 1, WINDOW)):
            slot = (self._following + distance) & _SLOT
            if self._pending[slot]:
                return self._first_s[slot]
        return None

    def _naked_one(self, at_s: float, sequence: int) -> None:
        slot = sequence & _SLOT
        if self._sequence[slot] != sequence:
            return
        if self._naked[slot] != sequence:
            self._naked[slot] = sequence
            self.lost += 1
        carrier = self._carrier[slot]
        if carrier is None or len(self._suspects) >= _SUSPECTS or self._too_early(slot, carrier, at_s):
            return
        before = self._suspects.get(sequence)
        if before is not None:
            before.link.tally.lost += 1
        self._suspects[sequence] = _Suspect(carrier, self._length[slot], self._at_s[slot] + _patience_s(carrier))
        self._release(slot)

    def _too_early(self, slot: int, carrier: Link, at_s: float) -> bool:
        """SRT repeats its NAKs: one that a retransmission cannot have prevented says nothing of it.

        A first transmission may be missed sooner than by its link's round trip, through a faster link.
        """
        repeated = self._first_s[slot] != self._at_s[slot]
        return repeated and at_s - self._at_s[slot] < 0.9 * (carrier.rtt.least_s(at_s) or 0.0)

    def _exonerate(self, sequence: int, link: Link, at_s: float) -> None:
        """A NAKed packet that its own link acknowledges was late, unless that means a repetition over this link.

        It does not when it comes too soon for one, or when there are more acknowledgements than repetitions.
        """
        suspect = self._suspects.get(sequence)
        if suspect is None or suspect.link is not link:
            return
        suspect.came += 1
        soonest_s = suspect.again_s + 0.9 * (link.rtt.least_s(at_s) or 0.0)
        if at_s < soonest_s or suspect.came > suspect.repeats:
            del self._suspects[sequence]
            link.tally.late += 1
            link.tally.acknowledged_bytes += suspect.length
        else:
            suspect.due_s = at_s + _patience_s(link)

    def _passed(self, sequence: int) -> None:
        """A NAKed packet that was never repeated and that the SRT ACK has passed was late."""
        suspect = self._suspects.get(sequence)
        if suspect is not None and not suspect.repeated:
            del self._suspects[sequence]
            suspect.link.tally.late += 1
            suspect.link.tally.acknowledged_bytes += suspect.length

    def _deliver(self, slot: int) -> None:
        carrier = self._carrier[slot]
        if carrier is not None:
            carrier.tally.acknowledged_bytes += self._length[slot]
            self._release(slot)

    def _release(self, slot: int) -> None:
        carrier = self._carrier[slot]
        if carrier is not None:
            carrier.landed(self._length[slot])
            self._carrier[slot] = None

    def _settled(self, slot: int) -> None:
        if self._pending[slot]:
            self._pending[slot] = 0
            self.backlog_bytes -= self._length[slot]

    def _advance(self, sequence: int) -> None:
        step = 0 if self._highest is None else ahead(sequence, self._highest)
        if self._highest is None or abs(step) >= WINDOW:
            self._highest, self._following, self._swept = sequence, None, sequence
        elif step > 0:
            self.expected += step
            self._highest = sequence


def _patience_s(link: Link) -> float:
    """How long a packet may wait for its SRTLA ACK, which waits for ten of its link: that comes, twice, on top."""
    return max(2 * (link.rtt.smoothed_s or 0.0) + 2 * (link.ack_gap_s or 0.0), _GRACE_S)
