"""Whether a change of bitrate arrived: what proves it, what contradicts it, what says nothing."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from controller.actuation.arrival import DEADLINE_S, Verdict, Watch, verdict, watch


def begin(*, from_bps: float | None, to_bps: float, received_bps: float | None) -> Watch | None:
    """A watch, if there is something to prove."""
    return watch(number=1, from_bps=from_bps, to_bps=to_bps, received_bps=received_bps, since_s=100.0)


FALL = Watch(number=1, to_bps=2e6, falls=True, middle_bps=3.3e6, since_s=100.0)
RISE = Watch(number=1, to_bps=4e6, falls=False, middle_bps=3.3e6, since_s=100.0)


@pytest.mark.parametrize(
    ("from_bps", "to_bps", "received_bps"),
    [
        (None, 2e6, 4e6),  # nobody knows what it played
        (4e6, 2e6, None),  # nobody knows what arrived
        (2e6, 2e6, 2e6),  # no change
        (4.5e6, 4.4e6, 4.7e6),  # the picture alone changes the rate by more
        (4e6, 2e6, 1.9e6),  # a full link carried less before
        (1e6, 0.5e6, 8e6),  # a queue was being emptied
        (0.0, 2e6, 0.0),  # it played nothing
    ],
)
def test_where_nothing_can_be_proved_nothing_is_watched(
    from_bps: float | None, to_bps: float, received_bps: float | None
) -> None:
    """Only a large change is watched, and only where about as much arrived as the encoder was set to."""
    assert begin(from_bps=from_bps, to_bps=to_bps, received_bps=received_bps) is None


def test_the_middle_is_that_of_the_received_rate() -> None:
    """Sound and packaging come on top of the bitrate, so the proof is measured on what arrives."""
    fall = begin(from_bps=4e6, to_bps=2e6, received_bps=4.4e6)
    rise = begin(from_bps=2e6, to_bps=4e6, received_bps=2.2e6)

    assert fall is not None
    assert rise is not None
    assert (fall.falls, rise.falls) == (True, False)
    assert fall.middle_bps == pytest.approx(3.3e6)
    assert rise.middle_bps == pytest.approx(3.3e6)


@pytest.mark.parametrize(
    ("watched", "received_bps", "after_s", "expected"),
    [
        (FALL, 2.1e6, 1.0, Verdict.ARRIVED),
        (FALL, 3.4e6, 1.0, Verdict.WAITING),
        (FALL, None, 1.0, Verdict.WAITING),
        (FALL, 3.9e6, DEADLINE_S, Verdict.CONTRADICTED),
        (FALL, None, DEADLINE_S, Verdict.NOT_SEEN),
        (FALL, 2.1e6, DEADLINE_S, Verdict.ARRIVED),
        (RISE, 3.9e6, 1.0, Verdict.ARRIVED),
        (RISE, 2.9e6, 1.0, Verdict.WAITING),
        (RISE, 2.0e6, DEADLINE_S, Verdict.NOT_SEEN),
    ],
)
def test_the_verdict(watched: Watch, received_bps: float | None, after_s: float, expected: Verdict) -> None:
    """A fall that does not arrive contradicts the device; a rise may be kept small by the link."""
    assert verdict(watched, received_bps=received_bps, now_s=100.0 + after_s) is expected


BITRATES = st.floats(3e5, 3e7)


@given(BITRATES, BITRATES, st.floats(0, 2e5), st.floats(0.92, 1.08))
def test_an_honest_encoder_is_never_contradicted(
    from_bps: float, to_bps: float, sound_bps: float, wander: float
) -> None:
    """Whatever the change, with sound on top and a rate that wanders by eight per cent, what was done arrives."""
    watched = begin(from_bps=from_bps, to_bps=to_bps, received_bps=(from_bps + sound_bps) / wander)

    if watched is not None and to_bps >= 1e6:
        after_bps = (to_bps + sound_bps) * (0.96 if watched.falls else 1.04)
        assert verdict(watched, received_bps=after_bps, now_s=100.0 + DEADLINE_S) is Verdict.ARRIVED


@given(BITRATES, BITRATES, st.floats(0.9, 1.4))
def test_what_never_changes_never_arrives(from_bps: float, to_bps: float, surplus: float) -> None:
    """A device that says so and does nothing is never believed."""
    received_bps = from_bps * surplus
    watched = begin(from_bps=from_bps, to_bps=to_bps, received_bps=received_bps)

    if watched is not None:
        assert verdict(watched, received_bps=received_bps, now_s=101.0) is Verdict.WAITING
