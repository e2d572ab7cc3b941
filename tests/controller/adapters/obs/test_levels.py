"""How loud an input was."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from controller.adapters.obs.hearing import Hearing
from controller.adapters.obs.levels import EVENT, MOST_INPUTS, Levels


def meters(*channels: list[float], name: str = "Ingest") -> dict[str, Any]:
    """One event's data with one input."""
    return {"inputs": [{"inputName": name, "inputLevelsMul": list(channels)}]}


@pytest.mark.parametrize(
    ("channels", "level"),
    [
        ([[0.09, 0.128, 0.128], [0.05, 0.1, 0.1]], 0.128),
        ([[0.0, 0.0, 0.125]], 0.125),
        ([[0.0, 0.0, 0.0]], 0.0),
        ([], None),
        ([[0.1, 0.2]], None),
        ([["loud", 0.2, 0.3]], None),
        ([[0.1, float("nan"), 0.3]], None),
        ([[0.1, True, 0.3]], None),
    ],
)
def test_a_muted_input_is_told_from_a_silent_one(channels: list[list[float]], level: float | None) -> None:
    """Live, muted and silent sound have their levels, as OBS was measured to tell them; anything else is unknown."""
    levels = Levels()
    levels.heard(meters(*channels))

    assert levels.take("Ingest") == level


def test_the_loudest_since_the_last_time_is_given_once() -> None:
    """Twenty events a second become one value a read."""
    levels = Levels()
    for raw_peak in (0.1, 0.5, 0.2):
        levels.heard(meters([0.0, raw_peak / 2, raw_peak]))

    assert (levels.take("Ingest"), levels.take("Ingest")) == (0.5, None)


def test_a_thousand_inputs_do_not_pile_up() -> None:
    """What is heard without being taken is bounded."""
    levels = Levels()
    for number in range(MOST_INPUTS + 10):
        levels.heard(meters([0.1, 0.1, 0.1], name=f"input {number}"))

    assert levels.take(f"input {MOST_INPUTS + 5}") is None


@given(
    st.recursive(
        st.none() | st.booleans() | st.floats() | st.text(),
        lambda inner: (
            st.lists(inner, max_size=3)
            | st.dictionaries(
                st.sampled_from(["eventType", "eventData", "inputs", "inputName", "inputLevelsMul"]), inner
            )
        ),
    )
)
def test_any_event_is_survived(data: object) -> None:
    """Whatever JSON an event holds, hearing it raises nothing."""
    hearing = Hearing()
    hearing.heard(data)
    hearing.heard({"eventType": EVENT, "eventData": data})
    hearing.heard({"eventType": EVENT, "eventData": {"inputs": [data]}})


def test_each_event_goes_to_who_makes_something_of_it() -> None:
    """Loudness and changes of the collection are heard on one connection."""
    hearing = Hearing()
    hearing.heard({"eventType": EVENT, "eventData": meters([0.0, 0.0, 0.5])})
    hearing.heard({"eventType": "CurrentSceneCollectionChanging", "eventData": {}})

    assert hearing.levels.take("Ingest") == 0.5
    assert hearing.changeover.under_way()
