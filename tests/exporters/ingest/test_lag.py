"""How late the picture is, as a pure function of media time and wall time."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from exporters.ingest.lag import CLOCK_DRIFT, Lag, follow


def lags(points: list[tuple[float, float]], session: str = "1") -> list[float]:
    """The lag after each (wall, media) pair of one session."""
    last: Lag | None = None
    found = []
    for at_s, media_s in points:
        last = follow(last, session=session, media_time_s=media_s, at_s=at_s)
        found.append(round(last.lag_s, 3))
    return found


def test_punctual_stream_is_not_late() -> None:
    """Media that advances with the wall clock is not late, wherever its clock started."""
    assert lags([(100 + n, 7 + n) for n in range(10)]) == [0] * 10


def test_stall_grows_second_by_second_and_ends() -> None:
    """While nothing arrives the lag is the time that passes; when all of it has arrived, it is gone."""
    assert lags([(0, 0), (1, 1), (2, 1), (3, 1), (4, 1), (4.2, 4.1), (5, 5)]) == [0, 0, 1, 2, 3, 0.1, 0]


def test_late_media_stays_late() -> None:
    """Media that arrives in step but a second behind is a second late for as long as that lasts."""
    assert lags([(0, 0), (1, 1), *[(2.0 + n, 1.0 + n) for n in range(20)]])[2:] == [pytest.approx(1, abs=0.01)] * 20


def test_best_moment_is_found_later() -> None:
    """A stream that starts behind a queue finds its best moment when the queue has gone."""
    assert lags([(0, 0), (1, 0.5), (2, 1.8), (3, 3.4), (4, 4.2)]) == [0, 0.5, 0.2, 0, 0.2]


def test_new_session_starts_on_time() -> None:
    """Another connection is another clock: nothing is known of its lateness yet."""
    late = follow(follow(None, session="1", media_time_s=0, at_s=0), session="1", media_time_s=0, at_s=9)

    assert late.lag_s == pytest.approx(9, abs=0.01)
    assert follow(late, session="2", media_time_s=0, at_s=10).lag_s == 0


@pytest.mark.parametrize("media_s", [0, 3, 1000])
def test_jump_of_the_media_clock_starts_on_time(media_s: float) -> None:
    """An encoder that sets its clock back, or far ahead, starts on time."""
    before = Lag("1", media_time_s=10, best_s=0, at_s=10, lag_s=0)

    assert follow(before, session="1", media_time_s=media_s, at_s=11).lag_s == 0


def test_interleaving_is_no_jump() -> None:
    """Audio a little behind video steps the media time back; the newest so far counts."""
    assert lags([(0, 0), (1, 1.2), (1.1, 0.9), (1.2, 1.4)]) == [0, 0, 0.1, 0]


def test_burst_after_a_stall_is_no_jump() -> None:
    """Minutes of late media that arrive at once do not go ahead of the best moment: they are late media caught up."""
    assert lags([(0, 0), (60, 0), (60.5, 60)]) == [0, pytest.approx(59.994), pytest.approx(0.494)]


def test_slow_encoder_clock_is_forgiven() -> None:
    """A media clock slow by 50 millionths is never late, over ten hours; one slow by ten thousandths is."""
    forgiven = lags([(10.0 * n, 10.0 * n * (1 - 50e-6)) for n in range(3600)])
    late = lags([(10.0 * n, 10.0 * n * (1 - 10e-3)) for n in range(3600)])

    assert max(forgiven) == 0
    assert late[-1] == pytest.approx(36_000 * (10e-3 - CLOCK_DRIFT), rel=0.01)


@given(st.lists(st.tuples(st.floats(0, 2), st.floats(0, 2)), min_size=1, max_size=50))
def test_lag_is_never_negative_and_never_exceeds_the_time_passed(steps: list[tuple[float, float]]) -> None:
    """Whatever arrives when, the lag is between 0 and the time since the session began."""
    at_s = media_s = 0.0
    last = follow(None, session="1", media_time_s=0, at_s=0)
    for waited_s, advanced_s in steps:
        at_s += waited_s
        media_s += advanced_s
        last = follow(last, session="1", media_time_s=media_s, at_s=at_s)

        assert -1e-9 <= last.lag_s <= at_s + 1e-9
