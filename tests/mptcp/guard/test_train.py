"""What a train of probes shows."""

from __future__ import annotations

import pytest

from mptcp.guard.train import ENOUGH, HEADER_BYTES, PATIENCE_S, PROBES, Train
from mptcp.guard.wire import MOST_BYTES

PACKET = MOST_BYTES + HEADER_BYTES


def _train(*arrived: tuple[int, float]) -> Train:
    train = Train("att", 100.0, 7)
    for number, at_s in arrived:
        assert train.take(7 + number, at_s)
    return train


def test_echoes_come_apart_as_the_uplink_sends_them() -> None:
    """Ten packets at 80 kB/s: what is between them is the rate."""
    train = _train(*((number, 100.05 + number * PACKET / 80_000) for number in range(PROBES)))

    assert train.ended(100.3)
    assert train.weighed().rate == pytest.approx(80_000)
    assert (train.weighed().uplink, train.weighed().sent_s) == ("att", 100.0)


def test_lost_ones_between_first_and_last_are_counted_in() -> None:
    """They took their time on the uplink, too, or on the way before it."""
    train = _train(*((number, 100.05 + number * 0.01) for number in (0, 1, 3, 4, 5, 8, 9)))

    assert train.weighed().rate == pytest.approx(PACKET / 0.01)


def test_one_stall_is_not_the_rate() -> None:
    """A busy machine or a radio may hold the echoes for a tenth of a second once, and deliver the rest as ever."""
    train = _train(*((number, 100.05 + number * 0.002 + (0.1 if number > 6 else 0.0)) for number in range(PROBES)))

    assert train.weighed().rate == pytest.approx(PACKET / 0.002)


def test_too_few_are_nothing() -> None:
    """Of an uplink that returns less than half of a train in a second nobody wants to hear."""
    train = _train(*((number, 100.05) for number in range(ENOUGH - 1)))

    assert not train.ended(100.0 + PATIENCE_S - 0.01)
    assert train.ended(100.0 + PATIENCE_S)
    assert train.weighed().rate == 0.0


def test_other_probes_are_left_alone() -> None:
    """What is before or behind it belongs to others, and an echo that comes twice to nobody."""
    train = _train((0, 100.1))

    assert not train.take(6, 100.1)
    assert not train.take(7 + PROBES, 100.1)
    assert not train.take(7, 100.9)
    assert train.arrived_s == {7: 100.1}


def test_echoes_at_the_same_moment_are_no_division_by_zero() -> None:
    """A clock of milliseconds has no finer answer than very fast."""
    assert _train(*((number, 100.1) for number in range(PROBES))).weighed().rate > 1_000_000
