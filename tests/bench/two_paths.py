"""MPTCP as the rig shows it: two subflows, one send buffer, delivery in order.

Data is given to one uplink or the other when it is sent, and then waits in that uplink's modem; what
the other brings meanwhile waits at the receiver. An uplink that becomes slow with a full modem so
holds everything up for as long as its queue takes, which no single pipe shows.
"""

from __future__ import annotations

from collections import deque

from tests.bench.history import LOST, NOT_PRODUCED, History, PathRecord
from tests.bench.link import ONE_PATH, STREAM_SHARE, held
from tests.bench.subflow import JOINED_WINDOW_KBIT, Chunk, Subflow

CHUNK_KBIT = 48.0  # four segments: the steps are 100 ms, so finer ones change nothing
# What the sockets between encoder and uplinks hold unacknowledged before the encoder feels it: seen in the rig
# at 4.5 Mbit/s on links of 1 to 6 Mbit/s as 8 to 9.9 Mbit.
SOCKET_KBIT = 9_000.0
ENCODER_QUEUE_S = 1.0  # then it leaves pictures out; see the demo's publisher
GOP_S = 2.0
# A keyframe weighs six of the 59 pictures that follow it in its two seconds.
KEYFRAME_EXCESS_S = 6 * GOP_S / 65 - 1 / 30
BETWEEN_KEYFRAMES = 1.0 - KEYFRAME_EXCESS_S / GOP_S
_HAIR = 1e-6


class TwoPaths:
    """The way from the encoder to the ingest; takes the place of the single queue of the other models."""

    def __init__(self, history: History) -> None:
        self._h = history
        self._step_s = 1.0 / history.steps_per_s
        self._gop = round(GOP_S * history.steps_per_s)
        self._rates = [
            [rate * STREAM_SHARE * ONE_PATH for rate in held(rates, history.steps_per_s).tolist()]
            for rates in (history.link.first, history.link.second)
        ]
        self._subflows = (Subflow(self._step_s), Subflow(self._step_s, window=JOINED_WINDOW_KBIT, starting=True))
        history.paths.extend(PathRecord() for _ in self._subflows)
        self._slices: deque[tuple[int, float]] = deque()
        self._again: deque[Chunk] = deque()
        self._under_way: deque[Chunk] = deque()
        self._in = self._given = self._reached = self._dropped = 0.0
        self._newest = -1

    def carry(self, step: int, slice_kbit: float, rate_kbps: float) -> None:
        """One step: take the slice in, hand it to the uplinks, let them deliver, record."""
        del rate_kbps  # of the pipe that both would be
        self._take(step, slice_kbit)
        self._hand_over(step)
        for subflow, rates in zip(self._subflows, self._rates, strict=True):
            self._again.extend(subflow.serve(step, rates[step]))
        self._hand_over(step)
        self._advance(step)
        self._record(step)

    def _take(self, step: int, slice_kbit: float) -> None:
        if slice_kbit < 0.0:
            self._h.latency.append(NOT_PRODUCED)
            return
        self._h.latency.append(LOST)
        media_kbit = slice_kbit * BETWEEN_KEYFRAMES
        if step % self._gop == 0:
            media_kbit += slice_kbit / self._step_s * KEYFRAME_EXCESS_S
        if self._in - self._reached - SOCKET_KBIT > slice_kbit / self._step_s * ENCODER_QUEUE_S:
            self._dropped += media_kbit
            return
        self._in += media_kbit
        self._slices.append((step, self._in))

    def _hand_over(self, step: int) -> None:
        """What has to be sent again first, then new data, each chunk where least stands before it."""
        while True:
            subflow = self._free()
            chunk = self._next() if subflow is not None else None
            if subflow is None or chunk is None:
                return
            subflow.give(chunk, step)

    def _free(self) -> Subflow | None:
        """The subflow that the kernel's scheduler takes: the least wait, and if that one has no room, none."""
        usable = [one for one in self._subflows if not one.stale]
        if not usable:
            return None
        best = min(usable, key=lambda one: one.linger)
        return best if best.takes() else None

    def _next(self) -> Chunk | None:
        while self._again:
            chunk = self._again.popleft()
            if not chunk.arrived:
                return chunk
        end = min(self._in, self._reached + SOCKET_KBIT, self._given + CHUNK_KBIT)
        if end - self._given < _HAIR:
            return None
        chunk = Chunk(end, end - self._given)
        self._given = end
        self._under_way.append(chunk)
        return chunk

    def _advance(self, step: int) -> None:
        while self._under_way and self._under_way[0].arrived:
            self._reached = self._under_way.popleft().end
        while self._slices and self._slices[0][1] <= self._reached + _HAIR:
            self._newest, _ = self._slices.popleft()
            self._h.latency[self._newest] = step + 1 - self._newest

    def _record(self, step: int) -> None:
        history = self._h
        history.accepted.append(self._in)
        history.delivered.append(self._reached)
        history.dropped.append(self._dropped)
        history.backlog.append(self._in - self._reached)
        history.age.append(step - self._slices[0][0] if self._slices else 0)
        history.newest.append(self._newest)
        for subflow, record in zip(self._subflows, history.paths, strict=True):
            record.delivered.append(subflow.delivered)
            record.in_flight.append(subflow.in_flight)
            record.rate_kbps.append(subflow.rate_kbps)
            record.rtt_s.append(subflow.srtt_s)
            record.moved_at.append(subflow.moved_at)
            record.sent.append(subflow.sent)
            record.resent.append(subflow.resent)
            record.unsent.append(subflow.unsent)
