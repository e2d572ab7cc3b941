"""Numbers of reports: what is one, and what is not."""

from __future__ import annotations

import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from exporters.srtla.reports.model import MAX_REPORT_BYTES, Fields, ReportError, document, number, numbers


@pytest.mark.parametrize(
    "value",
    [None, "7", True, -1, math.nan, math.inf, -math.inf, 1e19, 10**400, [], {}],
    ids=lambda value: repr(value)[:9],
)
def test_what_is_no_number(value: object) -> None:
    """Text, truth, negative, infinite and absurd values are unknown, never zero."""
    assert number(value) is None


@given(st.floats(0, 1e18) | st.integers(0, 10**18))
def test_numbers_stay_themselves(value: float) -> None:
    """What can be a count or a time is kept."""
    assert number(value) == float(value)


def test_fields_are_converted_by_factor_or_function() -> None:
    """Missing fields give no metric."""
    fields: Fields = {"a": ("one", 2.0), "b": ("two", lambda value: value / 1000), "c": ("three", 1.0)}

    assert numbers({"a": 3, "b": 5, "c": "no"}, fields) == {"one": 6, "two": 0.005}


@pytest.mark.parametrize("text", [b"", b"{", b"\xff\xfe", b"[" * 200_000, b"9" * 5000, b"x" * (MAX_REPORT_BYTES + 1)])
def test_what_is_no_document(text: bytes) -> None:
    """Broken, deep and huge texts are refused, and the refusal quotes nothing of them."""
    with pytest.raises(ReportError) as refused:
        document(text)

    assert str(refused.value).startswith("the report is ")
    assert len(str(refused.value)) < 90
