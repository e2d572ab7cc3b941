"""Replaying samples: the same ones give the same decisions, and nothing of the future is seen."""

from __future__ import annotations

from dataclasses import replace

from controller.decision import policies
from controller.decision.model import EncoderTraits, Sample, Series
from controller.reporting.replaying import Replayed, replay

T0 = 1_700_000_000.0
LABELS = (("job", "mptcp"), ("site", "edge"))


def samples(*bounds: tuple[int, float], metric: str) -> Series:
    """A gauge with these values for so many seconds each."""
    values = [value for seconds, value in bounds for _ in range(seconds)]
    return Series(metric, LABELS, tuple(Sample(T0 + n, value) for n, value in enumerate(values)))


def road(*bounds: tuple[int, float]) -> tuple[Series, ...]:
    """Links that carry exactly so many bit/s."""
    lower = samples(*bounds, metric="mptcp_connection_capacity_lower_bytes_per_second")
    upper = samples(*bounds, metric="mptcp_connection_capacity_upper_bytes_per_second")
    return tuple(replace(one, samples=tuple(Sample(s.t_s, s.value / 8) for s in one.samples)) for one in (lower, upper))


def decided(series: tuple[Series, ...], to_s: float) -> list[Replayed]:
    """The decisions of the locked policy up to `to_s` seconds."""
    traits = EncoderTraits(geometry_cost_s=0.0)
    return list(replay(series, from_s=T0, to_s=T0 + to_s, period_s=1.0, policy=policies.LOCKED, traits=traits))


def test_a_collapse_is_followed_downwards() -> None:
    """The table's rule fires where the links fell, ten seconds after."""
    moves = [one for one in decided(road((30, 20e6), (60, 400e3)), 89.0) if one.decision.changed_from]

    assert moves
    assert 30 <= moves[0].at_s - T0 <= 45
    assert moves[-1].decision.quality in {"VERY_LOW", "ERROR"}


def test_the_same_samples_give_the_same_decisions() -> None:
    """Twice the same, to the last field."""
    series = road((30, 20e6), (30, 1e6), (30, 8e6))

    assert decided(series, 89.0) == decided(series, 89.0)


def test_what_came_later_changes_nothing_before() -> None:
    """A replay of half the time is the first half of the replay of all of it."""
    series = road((30, 20e6), (60, 400e3))

    assert decided(series, 40.0) == decided(series, 89.0)[:41]
