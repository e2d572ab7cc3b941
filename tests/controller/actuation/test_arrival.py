"""Whether a change of bitrate arrived: what proves it, what contradicts it, what says nothing."""

from __future__ import annotations

import pytest

from controller.actuation.arrival import DEADLINE_S, Verdict, Watch, verdict, watch

FALL = Watch(number=1, from_bps=4_000_000, to_bps=2_000_000, since_s=100.0)
RISE = Watch(number=2, from_bps=2_000_000, to_bps=4_000_000, since_s=100.0)


def begin(*, from_bps: float | None, to_bps: float, received_bps: float | None) -> Watch | None:
    """A watch, if there is something to prove."""
    return watch(number=1, from_bps=from_bps, to_bps=to_bps, received_bps=received_bps, since_s=100.0)


@pytest.mark.parametrize(
    ("from_bps", "to_bps", "received_bps"),
    [
        (None, 2e6, 4e6),  # nobody knows what it played
        (4e6, 2e6, None),  # nobody knows what arrived
        (2e6, 2e6, 2e6),  # no change
        (4e6, 2e6, 1e6),  # the link carried less before
        (2e6, 4e6, 5e6),  # more arrived before
    ],
)
def test_where_nothing_can_be_proved_nothing_is_watched(
    from_bps: float | None, to_bps: float, received_bps: float | None
) -> None:
    """A change is watched only where the rate before it stands on the other side of the middle."""
    assert begin(from_bps=from_bps, to_bps=to_bps, received_bps=received_bps) is None


def test_a_provable_change_is_watched() -> None:
    """With a rate on the far side of the middle, crossing it will be proof."""
    assert begin(from_bps=4e6, to_bps=2e6, received_bps=3.9e6) == FALL


@pytest.mark.parametrize(
    ("watched", "received_bps", "after_s", "expected"),
    [
        (FALL, 2.1e6, 1.0, Verdict.ARRIVED),
        (FALL, 3.1e6, 1.0, Verdict.WAITING),
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
