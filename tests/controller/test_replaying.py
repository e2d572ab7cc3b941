"""Replay: the decisions of any policy on a recorded stream."""

from __future__ import annotations

from dataclasses import replace
from itertools import pairwise
from typing import TYPE_CHECKING

import pytest

from controller.decision.model import EncoderTraits, Quality, Sample, Series
from controller.decision.policies import ADAPTIVE, LOCKED
from controller.decision.sources import EDGE_SITE
from controller.replaying import Recording, Replayed, Span, replay, side_by_side, summary

if TYPE_CHECKING:
    from collections.abc import Callable

T0_S = 1_700_000_000.0
TRAITS = EncoderTraits(geometry_cost_s=2.0, audio_only_cost_s=0.0)
BYTES_PER_MBIT = 125_000.0


def series(metric: str, value: Callable[[float], float], *, seconds: int = 120) -> Series:
    """A metric of the edge, scraped each second."""
    labels = (("instance", "pi"), ("job", "mptcp"), ("site", EDGE_SITE))
    return Series(metric, labels, tuple(Sample(T0_S + at, value(float(at))) for at in range(seconds)))


def faded() -> Recording:
    """Two minutes at 2.5 Mbit/s; from 60 s to 80 s the links carry 0.8 and the queue grows."""

    def in_fade(at: float) -> bool:
        return 60 <= at < 80

    def acknowledged(at: float) -> float:
        return BYTES_PER_MBIT * (2.5 * min(at, 60) + 0.8 * min(max(at - 60, 0), 20) + 2.5 * max(at - 80, 0))

    return Recording(
        [
            series("mptcp_exporter_clock_timestamp_seconds", lambda at: T0_S + at),
            series("mptcp_scrape_collector_last_success_timestamp_seconds", lambda at: T0_S + at),
            series("mptcp_connection_acknowledged_bytes_total", acknowledged),
            series("mptcp_connection_backlog_bytes", lambda at: BYTES_PER_MBIT * (2.0 if in_fade(at) else 0.1)),
            series("mptcp_connection_drain_time_seconds", lambda at: 2.5 if in_fade(at) else 0.05),
            series("mptcp_connection_drain_time_max_seconds", lambda at: 2.5 if in_fade(at) else 0.05),
            series(
                "mptcp_connection_capacity_lower_bytes_per_second",
                lambda at: BYTES_PER_MBIT * (0.8 if in_fade(at) else 2.6),
            ),
            Series(
                "mptcp_connection_capacity_upper_bytes_per_second",
                (("instance", "pi"), ("job", "mptcp"), ("site", EDGE_SITE)),
                tuple(Sample(T0_S + at, 0.8 * BYTES_PER_MBIT) for at in range(61, 80)),
            ),
        ]
    )


SPAN = Span(T0_S + 5, T0_S + 119)


def entry(at_s: float, *, bps: int = 2_500_000, height: int = 720, quality: Quality = Quality.MEDIUM) -> Replayed:
    """A decision of a replay."""
    return Replayed(at_s, "p", quality, bps, height, None, "rule", "text")


def test_a_fade_lowers_the_encoder_in_the_replay() -> None:
    """Within ten seconds of the fade the adaptive policy wants less than the links were seen to carry before."""
    found = list(replay(faded(), ADAPTIVE, SPAN, traits=TRAITS))
    in_fade = [one for one in found if 60 < one.at_s - T0_S < 70]
    assert min(one.bitrate_bps for one in in_fade) < 1_000_000
    assert {one.policy for one in found} == {"adaptive"}


def test_the_same_recording_gives_the_same_decisions() -> None:
    """A replay of a replay is equal, entry by entry."""
    assert list(replay(faded(), LOCKED, SPAN, traits=TRAITS)) == list(replay(faded(), LOCKED, SPAN, traits=TRAITS))


def test_what_came_later_changes_nothing_before() -> None:
    """A replay of half the time is the first half of the replay of all of it."""
    whole, half = (list(replay(faded(), LOCKED, replace(SPAN, end_s=T0_S + to), traits=TRAITS)) for to in (119, 75))
    assert half == [one for one in whole if one.at_s <= T0_S + 75]


def test_only_changes_are_told() -> None:
    """No two neighbours want the same of encoder, state and scene."""
    found = list(replay(faded(), ADAPTIVE, SPAN, traits=TRAITS))
    wishes = [(one.quality, one.bitrate_bps, one.height_px, one.scene) for one in found]
    assert all(before != after for before, after in pairwise(wishes))


def test_a_window_holds_what_had_arrived_by_then() -> None:
    """At 50.0 s with a lag of 0.3 s the newest sample is that of 49 s, the oldest at most 12 s old."""
    window = faded().window(T0_S + 50.0, lag_s=0.3)
    clock = next(one for one in window if one.metric == "mptcp_exporter_clock_timestamp_seconds")
    assert [sample.t_s - T0_S for sample in clock.samples] == [float(at) for at in range(38, 50)]


def test_samples_out_of_order_are_put_in_order() -> None:
    """A recording assembled from pages replays like one in order."""
    whole = faded()
    shuffled = Recording(
        [replace(one, samples=one.samples[60:] + one.samples[:60]) for one in whole.window(T0_S + 200, lag_s=-300.0)]
    )
    assert shuffled.window(T0_S + 200, lag_s=0.0) == whole.window(T0_S + 200, lag_s=0.0)


def test_a_recording_knows_its_span() -> None:
    """From the first to the last sample; an empty one has none."""
    assert faded().span_s == (T0_S, T0_S + 119)
    assert Recording([]).span_s is None


def test_silence_is_replayed_as_blindness() -> None:
    """After the recording's end the replay holds, then falls to the safe state; it never climbs."""
    span = Span(T0_S + 100, T0_S + 180)
    found = [one for one in replay(faded(), ADAPTIVE, span, traits=TRAITS) if one.at_s > T0_S + 130]
    assert [one.quality for one in found] == [ADAPTIVE.safe]


def test_replays_stand_side_by_side() -> None:
    """Each change of either shows both as they then stood; changes of one moment are one line."""
    a, b, c = entry(1.0), entry(2.0, bps=1_000_000), entry(2.0, bps=600_000)
    assert list(side_by_side({"x": [a, b], "y": [c]})) == [(1.0, {"x": a, "y": None}), (2.0, {"x": b, "y": c})]


def test_a_summary_weighs_with_time() -> None:
    """10 s at 2.5 and 30 s at 0.5 Mbit/s: mean 1.0; one change and one resize in 40 s."""
    found = summary([entry(0.0), entry(10.0, bps=500_000, height=360, quality=Quality.VERY_LOW)], Span(0.0, 40.0))
    assert found.mean_bitrate_bps == pytest.approx(1_000_000)
    assert found.changes_per_h == found.resizes_per_h == pytest.approx(90.0)
    assert found.shares == {Quality.MEDIUM: pytest.approx(0.25), Quality.VERY_LOW: pytest.approx(0.75)}


def test_an_empty_replay_has_no_summary() -> None:
    """Nothing decided is nothing to sum up."""
    with pytest.raises(ValueError, match="does the recording cover the span"):
        summary([], SPAN)
