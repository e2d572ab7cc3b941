"""Numbers as an operator reads them."""

from __future__ import annotations

import pytest

from controller.decision.wording import mbit, percent, seconds


@pytest.mark.parametrize(
    ("bps", "text"),
    [(4_500_000.0, "4.5 Mbit/s"), (1e6, "1.0 Mbit/s"), (999_499.0, "999 kbit/s"), (0.0, "0 kbit/s")],
)
def test_a_rate_is_told_so_that_two_rungs_differ(bps: float, text: str) -> None:
    """Below 1 Mbit/s in kbit/s: 300 and 600 would both be 0.5 at one digit of Mbit/s."""
    assert mbit(bps) == text


def test_times_and_shares_have_one_digit() -> None:
    """More would be noise in a sentence."""
    assert (seconds(2.04), percent(0.0213)) == ("2.0 s", "2.1 %")


def test_what_is_not_known_is_said_to_be_unknown() -> None:
    """Never a zero."""
    assert (mbit(None), seconds(None), percent(None)) == ("an unknown rate", "an unknown time", "an unknown share")
