"""What a trial's looks amount to."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from controller.calibrating.judging import Field, Finding, Glance, Look, judged, longest_gap_s, rate_bps, shows
from controller.decision.model import EncoderTarget
from controller.ports import Impact, Outcome

GOAL = EncoderTarget(1_000_000, 640, 360, 24)


def looks(*bps: float, from_s: float = 100.0) -> list[Look]:
    """A look each second, between which that much arrived."""
    counts = [0.0]
    for one in bps:
        counts.append(counts[-1] + one / 8)
    return [Look(from_s + second, count, publishing=True) for second, count in enumerate(counts)]


@pytest.mark.parametrize(
    ("bps", "gap_s"),
    [((1e6,) * 5, 1.0), ((1e6, 0, 0, 0, 1e6), 4.0), ((0, 0, 1e6), 3.0), ((1e6, 0, 0), 2.0), ((), 0.0)],
)
def test_the_longest_gap(bps: tuple[float, ...], gap_s: float) -> None:
    """From the last byte before a pause to the first one after it; a pause that lasts counts so far."""
    assert longest_gap_s(looks(*bps)) == gap_s


@given(st.lists(st.floats(0, 1e7), max_size=30))
def test_a_gap_is_never_longer_than_the_watch(bps: list[float]) -> None:
    """Nothing is invented."""
    assert 0 <= longest_gap_s(looks(*bps)) <= max(len(bps), 0)


def test_the_rate_needs_samples_of_one_connection() -> None:
    """One sample, or a count that fell, is no rate."""
    assert rate_bps(looks(2e6, 2e6, 2e6, 2e6), until_s=104.0) == pytest.approx(2e6)
    assert rate_bps(looks(), until_s=100.0) is None
    assert rate_bps([Look(100.0, 5e6), Look(102.0, 1e3)], until_s=102.0) is None


def test_a_fall_shows_once_it_fills_the_window() -> None:
    """Half the bitrate for the whole window shows; before that, and a tenth less, do not."""
    fell = looks(2e6, 2e6, 2e6, 1e6, 1e6, 1e6)

    assert shows(Field.BITRATE, GOAL, fell, before_bps=2e6, since_s=103.0)
    assert not shows(Field.BITRATE, GOAL, fell[:-1], before_bps=2e6, since_s=103.0)
    assert not shows(Field.BITRATE, GOAL, looks(*[1.8e6] * 6), before_bps=2e6, since_s=103.0)
    assert not shows(Field.BITRATE, GOAL, fell, before_bps=None, since_s=103.0)


@pytest.mark.parametrize("bps", [(2e6, 2e6, 0.0), (0.0, 2e6, 2e6), (0.0, 0.0, 0.0), (2e6, 0.0, 1e6)])
def test_a_pause_is_no_fall(bps: tuple[float, ...]) -> None:
    """An encoder that restarts brings the average down, and has not lowered its bitrate."""
    assert not shows(Field.BITRATE, GOAL, looks(2e6, 2e6, 2e6, *bps), before_bps=2e6, since_s=103.0)


@pytest.mark.parametrize(("field", "size", "rate"), [(Field.SIZE, (640, 360), 30), (Field.FRAME_RATE, (1280, 720), 24)])
def test_the_announced_picture_shows(field: Field, size: tuple[int, int], rate: float) -> None:
    """Size and frame rate show by what the stream announces, and not before the order."""
    look = Look(101.0, 1.0, publishing=True, width_px=size[0], height_px=size[1], frame_rate_hz=rate)

    assert shows(field, GOAL, [look], before_bps=None, since_s=100.0)
    assert not shows(field, GOAL, [look], before_bps=None, since_s=102.0)
    assert not shows(field, GOAL, [Look(101.0)], before_bps=None, since_s=100.0)


STEADY = looks(*[1e6] * 8)
PAUSED = looks(1e6, 1e6, 0, 0, 1e6, 1e6)


@pytest.mark.parametrize(
    ("field", "seen", "glances", "shown", "impact"),
    [
        (Field.BITRATE, STEADY, [], True, Impact.NONE),
        (Field.SIZE, STEADY, [], True, Impact.GLITCH),
        (Field.BITRATE, looks(1e6, 0, 1e6), [], True, Impact.GLITCH),
        (Field.BITRATE, PAUSED, [], True, Impact.RECONNECT),
        (Field.BITRATE, [*STEADY, Look(109.0, publishing=False)], [], True, Impact.RECONNECT),
        (Field.SIZE, STEADY, [Glance(1.0, reachable=True, publishing=False)], True, Impact.RECONNECT),
        (Field.BITRATE, [*STEADY, Look(109.0, 5.0)], [], True, Impact.RECONNECT),
        (
            Field.BITRATE,
            PAUSED,
            [Glance(1.0, reachable=True, uptime_s=500.0), Glance(2.0, reachable=True, uptime_s=3.0)],
            True,
            Impact.REBOOT,
        ),
        (Field.BITRATE, STEADY, [], False, Impact.UNKNOWN),
        (Field.SIZE, PAUSED, [], False, Impact.UNKNOWN),
    ],
)
def test_impacts(field: Field, seen: list[Look], glances: list[Glance], shown: bool, impact: Impact) -> None:  # noqa: FBT001 - a row of the table
    """What does not show is not known, whatever was said; what shows costs what was seen."""
    assert finding(field, seen, glances, shown=shown).impact is impact


def finding(field: Field, seen: list[Look], glances: list[Glance], *, shown: bool) -> Finding:
    """A trial's result."""
    return judged(
        field,
        outcome=Outcome.APPLIED,
        detail="",
        shown_at_s=104.0 if shown else None,
        ordered_s=101.0,
        looks=seen,
        glances=glances,
    )


def test_the_operator_reads_what_it_costs() -> None:
    """One sentence each."""
    assert finding(Field.BITRATE, STEADY, [], shown=True).text == "bitrate: live; it shows at the ingest after 3.0 s"
    assert finding(Field.SIZE, PAUSED, [], shown=True).text == (
        "size: costs a reconnect, 3.0 s without a byte; it shows at the ingest after 3.0 s"
    )
