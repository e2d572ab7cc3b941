"""One link in one direction, as a value machine: a rate, a droptail queue, a delay, losses.

Nothing here reads a clock or a descriptor: time is an argument, in seconds of any monotonic clock.
A packet is served in arrival order at the link's rate, waits out the delay, and is then due. The
departure of a packet follows from the departure before it and never from the moment of the call,
so a caller that wakes late delivers late but loses no capacity.
"""

from __future__ import annotations

import math
from collections import deque
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable

    from deploy.demo.trace import Trace

BITS_PER_BYTE = 8


@dataclass(frozen=True, slots=True)
class Shape:
    """How a link treats packets. Sizes are of whole IP packets; `hole` swallows everything in silence."""

    rate_bps: float
    delay_s: float
    queue_bytes: int
    loss_ratio: float = 0.0
    hole: bool = False

    def __post_init__(self) -> None:
        """Refuse what no link can have; raises ValueError naming the field."""
        if not 0 <= self.rate_bps < math.inf:
            raise ValueError(f"rate_bps {self.rate_bps}: 0 or more bit/s")
        if not 0 <= self.delay_s < math.inf:
            raise ValueError(f"delay_s {self.delay_s}: 0 or more seconds")
        if self.queue_bytes < 0:
            raise ValueError(f"queue_bytes {self.queue_bytes}: 0 or more bytes")
        if not 0 <= self.loss_ratio <= 1:
            raise ValueError(f"loss_ratio {self.loss_ratio}: between 0 and 1")

    @property
    def capacity_bps(self) -> float:
        """What gets through: the rate, or nothing through a hole."""
        return 0.0 if self.hole else self.rate_bps


@dataclass(frozen=True, slots=True)
class Change:
    """What to alter of a `Shape`; None leaves a field as it is."""

    rate_bps: float | None = None
    delay_s: float | None = None
    queue_bytes: int | None = None
    loss_ratio: float | None = None
    hole: bool | None = None

    def of(self, shape: Shape) -> Shape:
        """The altered shape. Raises ValueError as `Shape` does."""
        return Shape(
            shape.rate_bps if self.rate_bps is None else self.rate_bps,
            shape.delay_s if self.delay_s is None else self.delay_s,
            shape.queue_bytes if self.queue_bytes is None else self.queue_bytes,
            shape.loss_ratio if self.loss_ratio is None else self.loss_ratio,
            shape.hole if self.hole is None else self.hole,
        )


@dataclass(slots=True)
class Counters:
    """What happened so far. Always: in = out + queue_dropped + lost + what is still inside."""

    in_packets: int = 0
    in_bytes: int = 0
    out_packets: int = 0
    out_bytes: int = 0
    queue_dropped_packets: int = 0
    queue_dropped_bytes: int = 0
    lost_packets: int = 0
    lost_bytes: int = 0
    late_sum_s: float = 0.0
    late_max_s: float = 0.0


@dataclass(slots=True)
class _Service:
    """The packet being sent: `rest_bits` were left of it at time `since`."""

    since: float
    rest_bits: float

    def ends(self, rate_bps: float) -> float:
        return self.since + self.rest_bits / rate_bps if rate_bps > 0 else math.inf

    def at(self, now: float, rate_bps: float) -> _Service:
        return _Service(now, max(0.0, self.rest_bits - (now - self.since) * rate_bps))


@dataclass(slots=True)
class Link:
    """One direction of one uplink. `chance` yields numbers in [0, 1) for random loss; `now` is its birth."""

    shape: Shape
    now: float
    chance: Callable[[], float]
    counters: Counters = field(default_factory=Counters)
    _queue: deque[bytes] = field(default_factory=deque)
    _queued_bytes: int = 0
    _flight: deque[tuple[float, bytes]] = field(default_factory=deque)
    _flight_bytes: int = 0
    _service: _Service | None = None
    _ends: float = math.inf
    _trace: Trace | None = None
    _trace_start: float = 0.0
    _step: int = 0
    _step_at: float = math.inf
    _capacity_bits: float = 0.0
    _capacity_since: float = math.nan

    def __post_init__(self) -> None:
        """The integral of the capacity starts at birth."""
        self._capacity_since = self.now

    @property
    def queued_bytes(self) -> int:
        """Bytes in the queue, the packet in service included."""
        return self._queued_bytes

    @property
    def queued_packets(self) -> int:
        """Packets in the queue, the one in service included."""
        return len(self._queue)

    @property
    def inside(self) -> tuple[int, int]:
        """Packets and bytes taken in and neither delivered nor dropped yet."""
        return len(self._queue) + len(self._flight), self._queued_bytes + self._flight_bytes

    def wake_at(self) -> float:
        """When something happens next without a new packet; infinity for never."""
        due = self._flight[0][0] if self._flight else math.inf
        return min(due, self._ends, self._step_at)

    def offer(self, packet: bytes, now: float) -> None:
        """Take in a packet that arrived at `now`: queue it, or drop it for a full queue, bad luck or the hole."""
        self.advance(now)
        size, counters = len(packet), self.counters
        counters.in_packets += 1
        counters.in_bytes += size
        if self.shape.hole or (self.shape.loss_ratio and self.chance() < self.shape.loss_ratio):
            self._lose(size)
        elif self._queued_bytes + size > self.shape.queue_bytes:
            counters.queue_dropped_packets += 1
            counters.queue_dropped_bytes += size
        else:
            self._queue.append(packet)
            self._queued_bytes += size
            if self._service is None:
                self._serve_head(now)

    def advance(self, now: float) -> None:
        """Bring queue and rate to `now`: every departure and every step of the trace, in their order."""
        while True:
            if self._step_at <= now and self._step_at <= self._ends:
                self._take_step()
            elif self._ends <= now:
                self._depart()
            else:
                return

    def collect(self, now: float) -> list[bytes]:
        """The packets that are due at `now`, in order; those that meet the hole are lost instead."""
        self.advance(now)
        out: list[bytes] = []
        flight, counters = self._flight, self.counters
        while flight and flight[0][0] <= now:
            due, packet = flight.popleft()
            size = len(packet)
            self._flight_bytes -= size
            if self.shape.hole:
                self._lose(size)
                continue
            counters.out_packets += 1
            counters.out_bytes += size
            counters.late_sum_s += now - due
            counters.late_max_s = max(counters.late_max_s, now - due)
            out.append(packet)
        return out

    def reshape(self, change: Change, now: float) -> None:
        """Change the link from `now` on; a packet in service keeps the share already sent.

        Setting a rate, even the present one, ends a trace; any other change leaves it running.
        Raises ValueError, and changes nothing, when the result is no `Shape`.
        """
        self.advance(now)
        shape = change.of(self.shape)
        if change.rate_bps is not None:
            self._trace, self._step_at = None, math.inf
        self._set_shape(shape, now)

    def play(self, trace: Trace, now: float) -> None:
        """Follow the trace's rates from `now` on, over and over when it repeats, else to its last rate."""
        self.advance(now)
        self._trace, self._trace_start, self._step, self._step_at = trace, now, 0, now
        self.advance(now)

    def capacity_bits(self, now: float) -> float:
        """Bits that the link could have carried since its birth: the integral of `Shape.capacity_bps`."""
        self.advance(now)
        self._integrate(now)
        return self._capacity_bits

    def _lose(self, size: int) -> None:
        self.counters.lost_packets += 1
        self.counters.lost_bytes += size

    def _serve_head(self, now: float) -> None:
        self._service = _Service(now, len(self._queue[0]) * BITS_PER_BYTE)
        self._ends = self._service.ends(self.shape.rate_bps)

    def _depart(self) -> None:
        departure, packet = self._ends, self._queue.popleft()
        self._queued_bytes -= len(packet)
        # Order is kept when the delay has just been lowered: nobody overtakes the one in front.
        ahead = self._flight[-1][0] if self._flight else 0.0
        self._flight.append((max(departure + self.shape.delay_s, ahead), packet))
        self._flight_bytes += len(packet)
        if self._queue:
            self._serve_head(departure)
        else:
            self._service, self._ends = None, math.inf

    def _take_step(self) -> None:
        trace, at = self._trace, self._step_at
        if trace is None:  # a step without a trace would repeat for ever
            raise AssertionError("a step is due and no trace plays")
        self._set_shape(replace(self.shape, rate_bps=trace.rates_bps[self._step % len(trace.rates_bps)]), at)
        self._step += 1
        if self._step >= len(trace.rates_bps) and not trace.repeats:
            self._trace, self._step_at = None, math.inf
        else:
            self._step_at = self._trace_start + self._step * trace.step_s

    def _set_shape(self, shape: Shape, now: float) -> None:
        self._integrate(now)
        if self._service is not None:
            self._service = self._service.at(now, self.shape.rate_bps)
            self._ends = self._service.ends(shape.rate_bps)
        self.shape = shape

    def _integrate(self, now: float) -> None:
        self._capacity_bits += (now - self._capacity_since) * self.shape.capacity_bps
        self._capacity_since = now
