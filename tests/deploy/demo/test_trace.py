"""Traces: the format, and errors that name the place."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from deploy.demo.trace import Trace, TraceError, load, parse

if TYPE_CHECKING:
    from pathlib import Path


def test_rows_become_rates_in_bits_per_second() -> None:
    """The step is the distance of the rows; 1 kbit is 1000 bit."""
    assert parse("second,kbps\n0.0,360\n0.1,120\n", source="x") == Trace(0.1, (360_000.0, 120_000.0))


def test_repetition_is_the_callers_choice() -> None:
    """A trace repeats unless told otherwise."""
    assert parse("second,kbps\n0,1\n1,2\n", source="x").repeats
    assert not parse("second,kbps\n0,1\n1,2\n", source="x", repeats=False).repeats


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("", "drive.csv:1: expected the header 'second,kbps'"),
        ("t,kbps\n0,1\n", "drive.csv:1: expected the header 'second,kbps'"),
        ("second,kbps\n0.0,1\n", "drive.csv: at least two rows are needed to tell the step"),
        ("second,kbps\n0.0,1\n0.1,fast\n", "drive.csv:3: '0.1,fast' is not two numbers"),
        ("second,kbps\n0.0,1\n0.1,-4\n", "drive.csv:3: -4.0 kbit/s is no rate"),
        ("second,kbps\n0.0,1\n0.1,nan\n", "drive.csv:3: nan kbit/s is no rate"),
        ("second,kbps\n0.0,1\n0.1,2\n0.3,3\n", "drive.csv: row 3 is at 0.3 s, off the grid of 0.100 s"),
        ("second,kbps\n0.1,1\n0.1,2\n", "drive.csv: row 1 is at 0.1 s, off the grid of 0.000 s"),
    ],
)
def test_bad_trace_is_refused_by_file_and_line(text: str, message: str) -> None:
    """What is wrong, and where, is in the message."""
    with pytest.raises(TraceError) as caught:
        parse(text, source="drive.csv")

    assert str(caught.value) == message


def test_missing_file_is_named(tmp_path: Path) -> None:
    """A file that cannot be read is an error with its path."""
    with pytest.raises(TraceError, match=r"absent\.csv: cannot be read"):
        load(tmp_path / "absent.csv")


@pytest.mark.parametrize(("step_s", "rates"), [(0.0, (1.0,)), (0.1, ()), (0.1, (1.0, -1.0))])
def test_impossible_trace_is_refused(step_s: float, rates: tuple[float, ...]) -> None:
    """A trace needs a running clock and rates from 0 up."""
    with pytest.raises(TraceError, match="a trace needs"):
        Trace(step_s, rates)
