"""How far an uplink is trusted after an hour of watching."""

from __future__ import annotations

import pytest

from controller.decision.model import UplinkReading
from controller.decision.trust import Record, trust, wariness, watch


def watched(*, deaths_every_s: int | None = None, seconds: int = 600) -> Record:
    """An uplink watched for a while, dead for 5 s every so often."""
    records: tuple[Record, ...] = ()
    for second in range(seconds):
        dead = deaths_every_s is not None and second % deaths_every_s < 5
        reading = UplinkReading("att", rtt_s=0.05, dead=dead, loss_ratio=0.0)
        records = watch(records, [reading], at_s=float(second))
    return records[0]


def test_nobody_is_trusted_or_distrusted_before_a_minute() -> None:
    """Too little was seen to tell."""
    assert trust(watched(seconds=30)).score is None


def test_a_steady_uplink_is_trusted_fully() -> None:
    """Always there, no loss, one RTT."""
    score = trust(watched()).score

    assert score is not None
    assert score > 0.99


def test_each_death_costs_trust() -> None:
    """An uplink that dies each minute is trusted less than one that dies every five."""
    often, seldom = trust(watched(deaths_every_s=60)).score, trust(watched(deaths_every_s=300)).score

    assert often is not None
    assert seldom is not None
    assert often < seldom < 0.8


@pytest.mark.parametrize(
    ("loss_ratio", "rtts_s", "expected"),
    [
        (0.05, (0.05, 0.05), 0.5),
        (0.0, (0.05, 0.45), 0.5),
        (None, (0.05, 0.05), 1.0),
        (0.0, (None, None), 1.0),
    ],
    ids=["5 % loss", "an RTT that spreads by 200 ms", "unknown loss", "unknown RTT"],
)
def test_loss_and_an_unsteady_round_trip_halve_it_and_unknown_costs_nothing(
    loss_ratio: float | None, rtts_s: tuple[float | None, float | None], expected: float
) -> None:
    """Each share by its own reading."""
    records: tuple[Record, ...] = ()
    for second in range(601):
        reading = UplinkReading("att", dead=False, loss_ratio=loss_ratio, rtt_s=rtts_s[second % 2])
        records = watch(records, [reading], at_s=float(second))

    assert trust(records[0]).score == pytest.approx(expected, rel=0.01)


def test_what_was_an_hour_ago_is_forgotten() -> None:
    """Ten deaths, then an hour without one: full trust again, and not before."""
    records: tuple[Record, ...] = (watched(deaths_every_s=60),)
    at_s = 600.0
    scores = []
    for _ in range(3_700):
        records = watch(records, [UplinkReading("att", dead=False)], at_s=at_s)
        scores.append(trust(records[0]).score or 0.0)
        at_s += 1.0

    assert scores[1_800] < 0.7
    assert scores[-1] == pytest.approx(1.0)
    assert len(records[0].minutes) <= 61


@pytest.mark.parametrize(("step_s", "dead"), [(10.0, False), (1.0, None)], ids=["looks far apart", "no verdict"])
def test_time_in_which_nobody_watched_says_nothing(step_s: float, *, dead: bool | None) -> None:
    """It is neither life nor death."""
    records: tuple[Record, ...] = ()
    for look in range(200):
        records = watch(records, [UplinkReading("att", dead=dead)], at_s=look * step_s)

    assert trust(records[0]).score is None


def returned(*, deaths_every_s: int, back_for_s: float) -> tuple[tuple[Record, ...], float]:
    """An uplink that died every so often for ten minutes and is back since `back_for_s`, and the moment."""
    record = watched(deaths_every_s=deaths_every_s, seconds=600)
    gone = watch((record,), [UplinkReading("att", dead=True)], at_s=600.0)
    back = watch(gone, [UplinkReading("att", dead=False)], at_s=601.0)
    return back, 601.0 + back_for_s


@pytest.mark.parametrize(("deaths_every_s", "least", "most"), [(600, 1.5, 1.8), (300, 2.0, 2.5), (60, 4.0, 4.0)])
def test_the_more_often_an_uplink_died_the_longer_the_calm_it_owes(
    deaths_every_s: int, least: float, most: float
) -> None:
    """After its return the wariness is the inverse of its trust, four at most."""
    records, at_s = returned(deaths_every_s=deaths_every_s, back_for_s=1.0)

    assert least <= wariness(records, at_s=at_s) <= most


def test_an_uplink_that_has_stayed_is_judged_by_what_it_does() -> None:
    """Half a minute after its return its past asks for nothing any more."""
    records, at_s = returned(deaths_every_s=12, back_for_s=31.0)

    assert wariness(records, at_s=at_s) == 1.0


def test_an_unknown_uplink_owes_no_calm() -> None:
    """One that died within its first minute has no trust to be judged by."""
    records = watch((), [UplinkReading("att", dead=True)], at_s=0.0)
    records = watch(records, [UplinkReading("att", dead=False)], at_s=1.0)

    assert wariness(records, at_s=2.0) == 1.0
