"""Keyframes as packet trains: what they show of an uplink, held against what the kernel was measured to show."""

from __future__ import annotations

from statistics import mean

import pytest

from tests.bench.link import STREAM_SHARE
from tests.bench.traces import BINS_PER_S
from tests.bench.trains import AT_ONCE_KBIT, GOP_STEPS, KEYFRAME_S, Trains

RTT_S = 0.06
STREAM_KBPS = 2_500.0


def shares(load: float, *, rtt_s: float = 0.045, stream_kbps: float = STREAM_KBPS) -> list[float]:
    """The largest sample of 3 s over the truth, step by step, on two equal uplinks loaded so far."""
    carries = stream_kbps / 2 / load
    trains = Trains([[carries / STREAM_SHARE] * 1_000] * 2, rtt_s=rtt_s, seed=1)
    seen: list[tuple[int, int, float]] = []
    found = []
    for at in range(900):
        if at % GOP_STEPS == 0:
            trains.send(at, stream_kbps)
        seen += [(at, one, rate) for one in (0, 1) if (rate := trains.shown(at, one)) is not None]
        window = [(one, rate) for step, one, rate in seen[-8:] if at - step < 3 * BINS_PER_S]
        found += [max((rate for of, rate in window if of == one), default=0.0) / carries for one in (0, 1)]
    return found


@pytest.mark.parametrize(("load", "measured"), [(0.075, 0.25), (0.22, 0.63), (0.40, 0.86)])
def test_samples_are_no_better_than_the_kernels(load: float, measured: float) -> None:
    """The measured medians, at round trips of 40 and 50 ms, are not passed in the mean, nor missed by half."""
    assert 0.5 * measured <= mean(shares(load)) <= measured


def test_no_train_shows_more_than_the_uplink_carries() -> None:
    """A lower bound it stays, whatever the load."""
    assert max(max(shares(load)) for load in (0.05, 0.2, 0.5, 0.9)) < 1.0


def test_a_train_shows_its_length_over_its_round_trip_and_its_own_time() -> None:
    """460 kbit on 5 Mbit/s take 92 ms beside the round trip of 60."""
    kbit, rate_kbps = KEYFRAME_S * STREAM_KBPS, 5_000.0
    trains = Trains([[rate_kbps / STREAM_SHARE] * 50, [0.0] * 50], rtt_s=RTT_S, seed=1)
    trains.send(0, STREAM_KBPS)

    assert [trains.shown(at, 0) for at in (0, 2)] == [None, None]
    assert trains.shown(1, 0) == pytest.approx(kbit / (RTT_S + kbit / rate_kbps))


def test_an_uplink_that_carries_nothing_shows_nothing() -> None:
    """No keyframe is given to it, and where both are dead there is no train at all."""
    trains = Trains([[5_000.0] * 50, [0.0] * 50], rtt_s=RTT_S, seed=1)
    trains.send(0, STREAM_KBPS)
    dead = Trains([[0.0] * 50] * 2, rtt_s=RTT_S, seed=1)
    dead.send(0, STREAM_KBPS)

    assert all(trains.shown(at, 1) is None for at in range(50))
    assert all(dead.shown(at, one) is None for at in range(50) for one in (0, 1))


def test_a_train_that_does_not_arrive_before_the_next_shows_nothing() -> None:
    """Then a queue stands, and tells more."""
    trains = Trains([[100.0] * 100, [0.0] * 100], rtt_s=RTT_S, seed=1)
    trains.send(0, STREAM_KBPS)

    assert all(trains.shown(at, 0) is None for at in range(100))


def test_a_large_keyframe_is_given_in_pieces() -> None:
    """Each of 64 kB at most, so no train is longer, and the second may go to the other uplink."""
    large_kbps = 3 * AT_ONCE_KBIT / KEYFRAME_S
    one_at_a_time = AT_ONCE_KBIT / (RTT_S + AT_ONCE_KBIT / 10_000.0)
    trains = Trains([[10_000.0 / STREAM_SHARE] * 50] * 2, rtt_s=RTT_S, seed=2)
    trains.send(0, large_kbps)

    assert {round(trains.shown(1, one) or 0.0) for one in (0, 1)} == {round(one_at_a_time)}
