"""The receiver's view of one SRT stream: sequence numbers as they arrive. Pure."""

from __future__ import annotations

import struct
from array import array

from exporters.srtla.keyframes import Wholeness, begins_keyframe
from exporters.srtla.link import Link
from exporters.srtla.wire import RETRANSMITTED, SEQUENCE_MASK, ahead

# 16384 sequence numbers: 7 s at 20 Mbit/s, longer than any latency in use, and 128 kB for each table.
WINDOW = 1 << 14
_SLOT = WINDOW - 1
_HEADER = struct.Struct(">III")
_HALF = 1 << 31
_PAUSE_US = 1_000_000  # between packets of a stream: an encoder that restarts takes longer, a busy one not as long


class Received:
    """What arrived of a stream, on all its links together."""

    def __init__(self) -> None:
        self.unique_bytes = 0
        self.expected = 0
        self.lost = 0
        self.missing = 0
        self.wholeness = Wholeness()
        self._following: int | None = None  # first number that the SRT ACK has not passed
        self._seen = array("q", [-1]) * WINDOW
        self._stamps = array("I", [0]) * WINDOW
        self._naked = array("q", [-1]) * WINDOW
        self._highest: int | None = None
        self._jumped_to: int | None = None
        self._last_stamp = 0
        self._stamp_us = 0

    def data(self, link: Link, at_s: float, length: int, head: bytes) -> None:
        """Take a data packet, 16 bytes of it at least."""
        sequence, flags, stamp = _HEADER.unpack_from(head)
        tally = link.tally
        tally.segments += 1
        slot = sequence & _SLOT
        if self._seen[slot] == sequence:
            tally.duplicates += 1
        else:
            self._seen[slot] = sequence
            self._stamps[slot] = stamp
            self.unique_bytes += length
            self._advance(sequence, stamp)
            # Headers are all that is captured of most packets: one that came whole has a picture's first part in it.
            if len(head) == length and begins_keyframe(head):
                self.wholeness.keyframe(sequence, stamp, at_s)
        if flags & RETRANSMITTED:
            tally.retransmitted += 1
            tally.retransmitted_bytes += length
            return
        # Stamps are microseconds in 32 bits and come round every 71 minutes.
        change_us = ((stamp - self._last_stamp + _HALF) & 0xFFFFFFFF) - _HALF
        if change_us > 0:
            self._last_stamp = stamp
            self._stamp_us += change_us
            change_us = 0
        link.arrived(at_s - (self._stamp_us + change_us) * 1e-6)

    def naks(self, ranges: list[tuple[int, int]]) -> None:
        """Take a NAK; numbers outside the window, however many are claimed, are no news."""
        if self._highest is None:
            return
        for first, last in ranges:
            begin = max(ahead(first, self._highest), -WINDOW)
            end = min(ahead(last, self._highest), WINDOW)
            for distance in range(begin, end + 1):
                sequence = (self._highest + distance) & SEQUENCE_MASK
                if self._naked[sequence & _SLOT] != sequence:
                    self._naked[sequence & _SLOT] = sequence
                    self.lost += 1

    def passed(self, following: int, at_s: float) -> None:
        """Take an SRT ACK: what is before `following` and never came has been given up, and is missing for good.

        What arrives later is thrown away by the SRT server. Of what was sent before the first packet seen here
        nothing is known; an ACK of what is not seen yet waits for the next one.
        """
        if self._highest is None or not -WINDOW < ahead(following, self._highest) <= 1:
            return
        if self._following is None:
            self._following = self._highest if ahead(following, self._highest) < 0 else following
        step = ahead(following, self._following)
        if step <= 0:
            return
        numbers = ((following - distance) & SEQUENCE_MASK for distance in range(1, min(step, WINDOW) + 1))
        missing = [number for number in numbers if self._seen[number & _SLOT] != number]
        self._following = following
        if missing:
            self.missing += len(missing)
            # A part is given up when the one after it is to be played; where that was not seen, its stamp is unknown.
            after = missing[0] + 1 & SEQUENCE_MASK
            stamp = self._stamps[after & _SLOT] if self._seen[after & _SLOT] == after else None
            self.wholeness.hole(missing[0], stamp, at_s)

    def _advance(self, sequence: int, stamp: int) -> None:
        """Follow the highest number; a leap beyond the window counts once a second packet confirms it."""
        if self._highest is None:
            self._highest = sequence
            return
        step = ahead(sequence, self._highest)
        if 0 < step < WINDOW:
            if step == 1 and _PAUSE_US < (stamp - self._stamps[self._highest & _SLOT]) & 0xFFFFFFFF < _HALF:
                self.wholeness.pause(sequence)
            self.expected += step
            self._highest = sequence
        elif abs(step) >= WINDOW:
            near = self._jumped_to is not None and abs(ahead(sequence, self._jumped_to)) < WINDOW
            if near:
                self._highest = sequence
            self._jumped_to = None if near else sequence
