"""The start-up self-test: when automation is armed, and what the operator reads until then."""

from __future__ import annotations

import pytest

from controller.arming import ANSWERS_NEEDED, SelfTest, answered


def after(*ages_s: float | None) -> SelfTest:
    """The test after these answers."""
    test = SelfTest(max_age_s=2.5)
    for age_s in ages_s:
        test = answered(test, age_s)
    return test


def test_three_young_answers_arm() -> None:
    """Automation is armed by the third young answer in a row, and says how old the data was."""
    assert not after(*[0.9] * (ANSWERS_NEEDED - 1)).armed
    assert after(0.4, 0.9, 0.2).armed
    assert after(0.4, 0.9, 0.2).verdict == "armed: data was at most 0.9 s old"


@pytest.mark.parametrize(
    ("ages_s", "verdict"),
    [
        ((), "not armed: no data yet; are the exporters scraped, and do the labels match?"),
        ((None, None, None), "not armed: no data yet; are the exporters scraped, and do the labels match?"),
        ((0.1, 0.1, None), "not armed: no data yet; are the exporters scraped, and do the labels match?"),
        ((30.5, 30.9, 30.2), "not armed: data was up to 30.9 s old, at most 2.5 s are usable"),
        ((0.1, 31.0, 0.2), "not armed: data was up to 31.0 s old, at most 2.5 s are usable"),
        ((0.1, 0.1), "not armed: 2 of 3 answers were young enough"),
        ((-40.0, -40.0, -40.0), "not armed: data is from 40.0 s in the future; set the clocks by NTP"),
    ],
)
def test_old_absent_or_future_data_does_not_arm(ages_s: tuple[float | None, ...], verdict: str) -> None:
    """As long as the last answers are not all young it stays unarmed, and the verdict says why."""
    test = after(*ages_s)

    assert not test.armed
    assert test.verdict == verdict


def test_a_source_that_recovers_arms() -> None:
    """An old beginning is forgotten after three young answers."""
    assert after(31.0, None, 0.5, 0.5, 0.5).armed


def test_once_armed_it_stays_armed() -> None:
    """Later age is judged by each decision, not here."""
    assert after(0.1, 0.1, 0.1, 500.0, None).armed
