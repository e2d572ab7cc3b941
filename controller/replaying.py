"""Replay: the same decision code over a recorded stream, with any policy. Pure.

A recording is raw windows as Prometheus kept them, over a longer time. The replay is of decisions, not
of the stream: another policy would have sent other media, and the recorded readings do not change
with it. So it answers "what would have been decided on this evidence"; what would have *come of it* is
a question for the bench, on a trace of the same recording.
"""

from __future__ import annotations

from bisect import bisect_left, bisect_right
from dataclasses import dataclass, replace
from itertools import pairwise
from typing import TYPE_CHECKING

from controller.decision.machine import State, decide
from controller.decision.model import EncoderReading, SceneReading, Series
from controller.decision.observing import WINDOW_S, observe

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from controller.decision.machine import Decision
    from controller.decision.model import EncoderTarget, EncoderTraits, Quality, Sample, Scene
    from controller.decision.policy import Policy


@dataclass(frozen=True, slots=True)
class Replayed:
    """One decision of a replay that changed something; rates in bit/s, `at_s` on the samples' clock."""

    at_s: float
    policy: str
    quality: Quality
    bitrate_bps: int
    height_px: int
    scene: Scene | None
    rule: str
    text: str
    scene_text: str = ""


@dataclass(frozen=True, slots=True)
class Span:
    """When a replay looks: from `begin_s` to `end_s` every `period_s`, at samples at least `lag_s` old."""

    begin_s: float
    end_s: float
    period_s: float = 1.0
    lag_s: float = 0.3

    def ticks(self) -> Iterator[float]:
        """The times at which the controller looks."""
        for number in range(int((self.end_s - self.begin_s) / self.period_s) + 1):
            yield self.begin_s + number * self.period_s


class Recording:
    """Raw samples over a longer time, cut into the windows that the controller would have seen."""

    def __init__(self, series: Sequence[Series]) -> None:
        self._series = tuple(replace(one, samples=tuple(sorted(one.samples, key=_time))) for one in series)

    @property
    def span_s(self) -> tuple[float, float] | None:
        """Times of the first and the last sample; None without any."""
        filled = [one.samples for one in self._series if one.samples]
        if not filled:
            return None
        return min(samples[0].t_s for samples in filled), max(samples[-1].t_s for samples in filled)

    def window(self, at_s: float, *, lag_s: float) -> tuple[Series, ...]:
        """The samples of the last `WINDOW_S` before `at_s` that had arrived by then."""
        found = []
        for one in self._series:
            first = bisect_left(one.samples, at_s - WINDOW_S, key=_time)
            last = bisect_right(one.samples, at_s - lag_s, key=_time)
            if first < last:
                found.append(Series(one.metric, one.labels, one.samples[first:last]))
        return tuple(found)


def _time(sample: Sample) -> float:
    return sample.t_s


def replay(recording: Recording, policy: Policy, span: Span, *, traits: EncoderTraits) -> Iterator[Replayed]:
    """The decisions of `policy` on the recording that changed the state, the encoder or the scene, and the first.

    The encoder is taken to obey at once: nothing is known of how it would have answered other orders.
    """
    state = State.initial(policy)
    said: tuple[Quality, EncoderTarget, Scene | None] | None = None
    for at_s in span.ticks():
        seen = observe(
            at_s=at_s,
            series=recording.window(at_s, lag_s=span.lag_s),
            encoder=EncoderReading(reachable=True, confirmed=state.target),
            encoder_traits=traits,
            scene=SceneReading(reachable=True, scene=state.scene),
            override=None,
            policy=policy,
        )
        decision = decide(state, seen, policy)
        state = decision.state
        says = (decision.quality, decision.target, decision.scene)
        if says != said:
            said = says
            yield _entry(decision, policy, at_s)


def _entry(decision: Decision, policy: Policy, at_s: float) -> Replayed:
    return Replayed(
        at_s=at_s,
        policy=policy.name,
        quality=decision.quality,
        bitrate_bps=decision.target.bitrate_bps,
        height_px=decision.target.height_px,
        scene=decision.scene,
        rule=decision.reason.rule,
        text=decision.reason.text,
        scene_text=decision.scene_reason.text,
    )


def side_by_side(replays: Mapping[str, Sequence[Replayed]]) -> Iterator[tuple[float, dict[str, Replayed | None]]]:
    """Each moment at which any of the replays changed, with what each of them had decided by then."""
    now: dict[str, Replayed | None] = dict.fromkeys(replays)
    changes = sorted(((one.at_s, name, one) for name, many in replays.items() for one in many), key=lambda c: c[0])
    for index, (at_s, name, one) in enumerate(changes):
        now[name] = one
        if index + 1 == len(changes) or changes[index + 1][0] > at_s:
            yield at_s, dict(now)


@dataclass(frozen=True, slots=True)
class Summary:
    """A replay in numbers over its span; shares are of time."""

    mean_bitrate_bps: float
    changes_per_h: float
    resizes_per_h: float
    shares: Mapping[Quality, float]


def summary(replayed: Sequence[Replayed], span: Span) -> Summary:
    """Mean bitrate, changes and resizes per hour, and the share of time in each state.

    Raises:
        ValueError: the replay is empty or its span has no length.
    """
    length_s = span.end_s - span.begin_s
    if not replayed or length_s <= 0.0:
        raise ValueError("a replay without a decision has no summary; does the recording cover the span?")
    ends = [*(one.at_s for one in replayed[1:]), span.end_s]
    held_s = [end_s - one.at_s for one, end_s in zip(replayed, ends, strict=True)]
    shares: dict[Quality, float] = {}
    for one, lasted_s in zip(replayed, held_s, strict=True):
        shares[one.quality] = shares.get(one.quality, 0.0) + lasted_s / length_s
    resizes = sum(a.height_px != b.height_px for a, b in pairwise(replayed))
    return Summary(
        mean_bitrate_bps=sum(one.bitrate_bps * lasted_s for one, lasted_s in zip(replayed, held_s, strict=True))
        / length_s,
        changes_per_h=(len(replayed) - 1) * 3_600.0 / length_s,
        resizes_per_h=resizes * 3_600.0 / length_s,
        shares=shares,
    )
