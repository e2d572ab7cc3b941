"""What one run leaves behind: per step, cumulative sums and marks that scores and signals read.

Rates are kbit/s, amounts kbit, both as floats; times are steps of the run. The lists grow with
the run, so that a controller in mid-run sees the past and nothing else.
"""

from __future__ import annotations

from dataclasses import dataclass, field

from tests.bench.link import Link, Transport

NOT_PRODUCED = -2
LOST = -1


@dataclass(frozen=True, slots=True)
class Setting:
    """What the encoder does: a bitrate, and the picture's height; 0 is audio only."""

    rate_kbps: float
    height_px: int


@dataclass(frozen=True, slots=True)
class Order:
    """A command as given: at the end of step `at`, taking effect later."""

    at: int
    setting: Setting


@dataclass(slots=True)
class PathRecord:
    """One subflow of a run, for models that have them. Index k is the end of step k.

    Attributes:
        delivered, sent, resent: kbit so far; `sent` counts those sent again, too.
        in_flight: kbit sent and not acknowledged.
        rate_kbps: at which the last ones came.
        rtt_s: smoothed, with the modem's queue in it.
        moved_at: the last step that acknowledged anything, or had nothing to acknowledge.
        unsent: kbit that wait for room in the window.
    """

    delivered: list[float] = field(default_factory=list)
    sent: list[float] = field(default_factory=list)
    resent: list[float] = field(default_factory=list)
    in_flight: list[float] = field(default_factory=list)
    rate_kbps: list[float | None] = field(default_factory=list)
    rtt_s: list[float] = field(default_factory=list)
    moved_at: list[int] = field(default_factory=list)
    unsent: list[float] = field(default_factory=list)


@dataclass(slots=True)
class History:
    """The record of one run, `steps_per_s` steps a second. Index k is step k.

    Attributes:
        rate: the encoder's nominal rate, kbit/s.
        latency: steps from a slice's capture to the end of its service, or `LOST`, `NOT_PRODUCED`.
        accepted: kbit that entered the queue so far.
        delivered: kbit that left the queue over the link so far.
        dropped: kbit that were thrown away so far, before or in the queue.
        backlog: kbit in the queue at the end of the step.
        age: steps since the capture of the oldest slice in the queue, 0 when empty.
        newest: the newest slice that has arrived whole, -1 before the first.
        orders: every command given.
        settings: (step, setting) at each change that took effect.
        scenes: (step, scene) at each change on program.
        states: (step, quality state) at each change.
        paths: the subflows, where the transport's model has them.
    """

    link: Link
    transport: Transport
    steps_per_s: int
    capacity_kbps: list[float]
    rate: list[float] = field(default_factory=list)
    latency: list[int] = field(default_factory=list)
    accepted: list[float] = field(default_factory=list)
    delivered: list[float] = field(default_factory=list)
    dropped: list[float] = field(default_factory=list)
    backlog: list[float] = field(default_factory=list)
    age: list[int] = field(default_factory=list)
    newest: list[int] = field(default_factory=list)
    orders: list[Order] = field(default_factory=list)
    settings: list[tuple[int, Setting]] = field(default_factory=list)
    scenes: list[tuple[int, str]] = field(default_factory=list)
    states: list[tuple[int, str]] = field(default_factory=list)
    paths: list[PathRecord] = field(default_factory=list)

    @property
    def steps(self) -> int:
        """Steps recorded so far."""
        return len(self.rate)

    def since(self, sums: list[float], end: int, steps: int) -> float:
        """How much the cumulative row `sums` grew in the `steps` steps up to and with step `end`."""
        before = end - steps
        return sums[end] - (sums[before] if before >= 0 else 0.0)
