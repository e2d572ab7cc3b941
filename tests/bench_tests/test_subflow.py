"""One subflow: its modem's queue, its losses, its window, and when it is given up."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.bench.subflow import CUBIC_BETA, MODEM_KBIT, PATH_RTT_S, SEGMENT_KBIT, Chunk, Subflow

STEP_S = 0.1
SIZE = 48.0


def _filled(kbit: float, *, window: float = 10_000.0) -> tuple[Subflow, list[Chunk]]:
    """A subflow that was given that much in one step, and what it was given."""
    subflow = Subflow(STEP_S, window=window)
    chunks = [Chunk(SIZE * (number + 1), SIZE) for number in range(int(kbit // SIZE))]
    for chunk in chunks:
        subflow.give(chunk, 0)
    return subflow, chunks


def _serve(subflow: Subflow, rate_kbps: float, steps: range) -> list[Chunk]:
    return [chunk for at in steps for chunk in subflow.serve(at, rate_kbps)]


@given(rate_kbps=st.floats(100.0, 20_000.0), kbit=st.floats(48.0, 2_400.0), seconds=st.integers(1, 30))
def test_nothing_is_made_or_lost_for_good(rate_kbps: float, kbit: float, seconds: int) -> None:
    """What was given has come or is in flight, at no more than the uplink's rate, what was lost being sent again."""
    subflow, chunks = _filled(kbit)
    _serve(subflow, rate_kbps, range(1, seconds * 10 + 1))
    arrived = sum(chunk.size for chunk in chunks if chunk.arrived)
    assert arrived - 1e-6 <= subflow.delivered < arrived + SIZE  # the foremost chunk has come in part
    given = sum(chunk.size for chunk in chunks)
    assert subflow.delivered + subflow.in_flight + subflow.unsent == pytest.approx(given)
    assert subflow.delivered <= rate_kbps * seconds + 1e-6


def test_a_full_modem_drops_the_tail_and_the_window_shrinks_once() -> None:
    """Of 1.5 Mbit at once 0.3 do not fit; they are sent again when those before them have come, and cost 30 %."""
    subflow, chunks = _filled(MODEM_KBIT + 300.0, window=2_000.0)
    assert subflow.missing == pytest.approx(300.0, abs=SIZE)
    _serve(subflow, 1_000.0, range(1, 12))
    assert subflow.resent == 0.0
    _serve(subflow, 1_000.0, range(12, 40))
    assert subflow.resent == pytest.approx(300.0, abs=SIZE)
    assert subflow.window == pytest.approx(2_000.0 * CUBIC_BETA)
    assert all(chunk.arrived for chunk in chunks)


def test_the_round_trip_tells_of_the_queue() -> None:
    """Half a second of queue shows in the smoothed round trip, and is forgotten with it."""
    subflow, _ = _filled(1_000.0)
    _serve(subflow, 2_000.0, range(1, 6))
    assert 0.3 < subflow.srtt_s < 0.7
    for at in range(10, 30):
        subflow.give(Chunk(0.0, SIZE), at)
        subflow.serve(at, 2_000.0)
    assert subflow.srtt_s == pytest.approx(PATH_RTT_S, abs=0.01)


def test_a_window_left_unused_opens_again_only_when_used() -> None:
    """The stream needs little for a minute: the window stays; then it fills it, and it grows by less than a half."""
    subflow = Subflow(STEP_S)
    before = subflow.window
    for at in range(600):
        subflow.give(Chunk(0.0, SIZE), at)
        subflow.serve(at, 8_000.0)
    assert subflow.window == before
    while subflow.takes():
        subflow.give(Chunk(0.0, SIZE), 600)
    subflow.serve(601, 4_000.0)
    assert before < subflow.window < before + 0.5 * 400.0


@pytest.mark.parametrize(
    ("starting", "window", "rate_kbps", "share"),
    [(True, 300.0, 20_000.0, 0.5), (True, 600.0, 2_000.0, 0.05), (False, 600.0, 2_000.0, 0.05)],
)
def test_before_its_first_loss_a_window_grows_fast_or_blindly(
    *, starting: bool, window: float, rate_kbps: float, share: float
) -> None:
    """Half a segment per acknowledged one in slow start, which a queue ends, and then a twentieth."""
    subflow = Subflow(STEP_S, window=window, starting=starting)
    for at in range(3):
        while subflow.takes():
            subflow.give(Chunk(0.0, SIZE), at)
        before, delivered = subflow.window, subflow.delivered
        subflow.serve(at, rate_kbps)

    assert subflow.window - before == pytest.approx(share * (subflow.delivered - delivered))


def test_a_dead_uplink_gives_up_what_it_holds() -> None:
    """Nothing moves: after the timeout, and not before, all that is in flight has to go the other way, once."""
    subflow, chunks = _filled(480.0)
    assert _serve(subflow, 0.0, range(1, 3)) == []
    assert _serve(subflow, 0.0, range(3, 10)) == chunks
    assert not subflow.takes()
    assert _serve(subflow, 0.0, range(10, 50)) == []
    assert subflow.resent == pytest.approx(SEGMENT_KBIT)  # which the timeout sent


def test_a_slow_uplink_is_not_a_dead_one() -> None:
    """With a second of queue it goes down to 30 kbit/s: a segment every 0.4 s, and nothing is given up."""
    subflow, chunks = _filled(960.0)
    _serve(subflow, 1_000.0, range(1, 6))
    assert _serve(subflow, 30.0, range(6, 100)) == []
    assert subflow.takes()
    assert not all(chunk.arrived for chunk in chunks)
    assert subflow.delivered == pytest.approx(500.0 + 9.4 * 30.0, abs=SEGMENT_KBIT)


def test_a_healed_uplink_takes_new_data() -> None:
    """The first chunk that comes makes it one to be used again."""
    subflow, _ = _filled(480.0)
    _serve(subflow, 0.0, range(1, 20))
    subflow.serve(20, 2_000.0)
    assert subflow.takes()


def test_an_idle_uplink_is_not_a_dead_one() -> None:
    """With nothing in flight there is nothing to miss, whatever the rate."""
    subflow = Subflow(STEP_S)
    assert _serve(subflow, 0.0, range(50)) == []
    assert subflow.takes()
    assert subflow.moved_at == 49


def test_what_the_window_has_no_room_for_waits() -> None:
    """Of 0.9 Mbit a window of 0.5 sends the one and holds the other, and sends it as the first is acknowledged."""
    subflow, chunks = _filled(912.0, window=500.0)
    assert (subflow.in_flight, subflow.unsent) == (480.0, 432.0)
    assert subflow.takes()
    subflow.serve(1, 2_000.0)
    assert subflow.in_flight == pytest.approx(480.0, abs=SIZE)
    assert subflow.unsent < 432.0
    _serve(subflow, 2_000.0, range(2, 10))
    assert all(chunk.arrived for chunk in chunks)


def test_the_scheduler_is_told_what_a_byte_waits() -> None:
    """Half a window before it lasts half a round trip; twice the round trip, twice as long."""
    subflow, _ = _filled(480.0, window=960.0)
    assert subflow.linger == pytest.approx(PATH_RTT_S / 2)
    subflow.srtt_s *= 2
    assert subflow.linger == pytest.approx(PATH_RTT_S)
