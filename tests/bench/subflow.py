"""One MPTCP subflow over one uplink: a congestion window in front of a modem's queue that drops its tail.

Amounts are kbit, times steps of the run. The window is cubic's, past slow start. What the modem drops is
missed one round trip later; until then the window goes on growing, and that is how much is lost. Segments
are acknowledged one by one: an uplink at 30 kbit/s tells of one every 0.4 s, and so is slow and never stale.
"""

from __future__ import annotations

from collections import deque
from dataclasses import dataclass, field

SEGMENT_KBIT = 1_448 * 8 / 1_000
MODEM_KBIT = 1_200.0  # 150 kB, as behind a usable LTE modem and in the demo's world
PATH_RTT_S = 0.045
# What a stream that needs half of good uplinks has opened it to after some seconds, in 40 runs of the rig: the
# subflow that opened the connection 0.6 to 2 Mbit, its slow start over as keyframes stand in line; the one that
# joined 40 segments, and there it still is in slow start, for it carries too little to fill them.
FIRST_WINDOW_KBIT = 1_450.0
JOINED_WINDOW_KBIT = 460.0
LEAST_WINDOW_KBIT = 10 * SEGMENT_KBIT
USED = 1.1  # a window filled to nine tenths counts as filled: chunks are coarse
CUBIC_C = 0.4
CUBIC_BETA = 0.7
CUBIC_FAST = (1.0 + CUBIC_BETA) / 2.0  # a peak below the last one is taken for too high itself
# How fast it grows, in segments per acknowledged one: at most, which is slow start with acknowledgements of two
# segments, too; and after a slow start without a loss at least, before anything is known of a peak.
FASTEST = 0.5
BLIND = 0.05
# HyStart: the kernel's slow start ends once the round trip has grown by an eighth, by 4 to 16 ms (tcp_cubic.c).
HYSTART_S = min(max(PATH_RTT_S / 8, 0.004), 0.016)
SRTT_GAIN = 0.3  # over a step: some three of the kernel's eighths per acknowledgement
# The kernel's timeout is the round trip plus at least 200 ms; the first retransmission that fails, too, makes
# the subflow stale (stale_loss_cnt=1), and its data is sent again on the other.
STALE_S = 0.3
# What may wait for room in one subflow's window: 16 kB (tcp_notsent_lowat), and then what the scheduler gives at
# once, up to 64 kB. It is bound to that uplink, however slow it becomes.
UNSENT_KBIT = 640.0


@dataclass(slots=True, eq=False)
class Chunk:
    """A piece of the stream that ends at `end`, of `size`."""

    end: float
    size: float
    given_at: int = 0
    arrived: bool = False


@dataclass(slots=True)
class Subflow:
    """One uplink: what waits for its window, what is in its modem, what was lost there, and what it did so far."""

    step_s: float
    waiting: deque[Chunk] = field(default_factory=deque)
    lost: deque[tuple[float, Chunk]] = field(default_factory=deque)
    held: deque[Chunk] = field(default_factory=deque)
    unsent: float = 0.0
    queued: float = 0.0
    missing: float = 0.0
    delivered: float = 0.0
    sent: float = 0.0
    resent: float = 0.0
    window: float = FIRST_WINDOW_KBIT
    starting: bool = False
    srtt_s: float = PATH_RTT_S
    rate_kbps: float | None = None
    moved_at: int = -1
    stale: bool = False
    _credit: float = 0.0
    _begun: float = 0.0
    _peak: float = 0.0
    _top: float = 0.0
    _inflection_s: float = 0.0
    _epoch: int | None = None
    _reduced_until: float = 0.0

    @property
    def in_flight(self) -> float:
        """What was sent and not acknowledged."""
        return self.queued + self.missing

    @property
    def linger(self) -> float:
        """How long the kernel's scheduler expects a byte to wait: what stands before it over the pace."""
        return (self.in_flight + self.unsent) * self.srtt_s / self.window

    def takes(self) -> bool:
        """Whether there is room to hold another chunk."""
        return not self.stale and self.unsent < UNSENT_KBIT

    def give(self, chunk: Chunk, at: int) -> None:
        """Hold a chunk until the window has room, then send it."""
        self.held.append(chunk)
        self.unsent += chunk.size
        self._send(at)

    def _send(self, at: int) -> None:
        while self.held and (self.in_flight + self.held[0].size <= self.window or not self.waiting):
            chunk = self.held.popleft()
            self.unsent -= chunk.size
            if chunk.arrived:
                continue
            chunk.given_at = at
            self.sent += chunk.size
            if self.queued + chunk.size > MODEM_KBIT:
                self.lost.append((self.delivered + self.queued, chunk))  # missed when what is before it has come
                self.missing += chunk.size
            else:
                self.waiting.append(chunk)
                self.queued += chunk.size

    def serve(self, at: int, rate_kbps: float) -> list[Chunk]:
        """Carry what fits into step `at`; the chunks that were stranded when the subflow has just become stale."""
        self._credit += rate_kbps * self.step_s
        before = self.delivered
        limited = self.in_flight * USED > self.window
        while self.waiting and self.waiting[0].size <= self._credit:
            chunk = self.waiting.popleft()
            chunk.arrived = True
            self._credit -= chunk.size
            self._come(chunk.size)
            self._begun = 0.0
            self.srtt_s += (PATH_RTT_S + (at - chunk.given_at) * self.step_s - self.srtt_s) * SRTT_GAIN
        if self.waiting:
            self._come(self._credit // SEGMENT_KBIT * SEGMENT_KBIT)
        else:
            self._credit = 0.0
        self._send_again(at)
        if not self.stale:
            self._send(at)
        carried = self.delivered - before
        if carried > 0.0:
            self.rate_kbps = carried / self.step_s
            if limited:
                self._grow(at, carried, rate_kbps)
        if carried > 0.0 or not self.waiting:
            self.moved_at, self.stale = at, False
        elif not self.stale and (at - self.moved_at) * self.step_s >= STALE_S + self.srtt_s:
            self.stale = True
            self.resent += SEGMENT_KBIT  # what the timeout sends
            self.sent += SEGMENT_KBIT
            return self._stranded()
        return []

    def _come(self, part: float) -> None:
        """So much of the foremost chunk has come and is acknowledged."""
        self.queued -= part - self._begun
        self.delivered += part - self._begun
        self._begun = part

    def _stranded(self) -> list[Chunk]:
        every = (*(chunk for _, chunk in self.lost), *self.waiting, *self.held)
        return [chunk for chunk in every if not chunk.arrived]

    def _send_again(self, at: int) -> None:
        while self.lost and (self.delivered >= self.lost[0][0] or not self.waiting):
            _, chunk = self.lost.popleft()
            self._shrink()
            self.missing -= chunk.size
            if not chunk.arrived:
                self.resent += chunk.size
                chunk.given_at = at
                self.sent += chunk.size
                self.waiting.append(chunk)
                self.queued += chunk.size

    def _shrink(self) -> None:
        """Once per round trip, however much was lost in it."""
        if self.delivered < self._reduced_until:
            return
        self._reduced_until = self.delivered + self.in_flight
        fast = CUBIC_FAST if self.window < self._peak else 1.0
        self._peak, self._epoch, self.starting = fast * self.window, None, False
        self.window = max(LEAST_WINDOW_KBIT, CUBIC_BETA * self.window)

    def _grow(self, at: int, carried: float, rate_kbps: float) -> None:
        """Towards cubic's curve, whose clock runs on while the stream leaves the window unused, as in the kernel."""
        if self.in_flight > rate_kbps * (PATH_RTT_S + HYSTART_S):
            self.starting = False
        if self._epoch is None:
            self._epoch, self._top = at, max(self._peak, self.window)
            self._inflection_s = ((self._top - self.window) / SEGMENT_KBIT / CUBIC_C) ** (1 / 3)
        since_s = (at - self._epoch) * self.step_s
        wanted = self._top + CUBIC_C * (since_s - self._inflection_s) ** 3 * SEGMENT_KBIT - self.window
        least = BLIND * carried if self._peak == 0.0 else 0.0
        self.window += FASTEST * carried if self.starting else min(max(least, wanted), FASTEST * carried)
