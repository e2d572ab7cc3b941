"""The machine's memory as plain data."""

from __future__ import annotations

import json
from typing import Any

import pytest
from hypothesis import given

from controller.decision.memory import State
from controller.decision.policies import ADAPTIVE, LOCKED
from tests.controller.decision.examples import law
from tests.controller.decision.pasts import Past, pasts


@law
@given(pasts)
def test_any_memory_survives_json(past: Past) -> None:
    """What was written is what is read, to the last bit."""
    for decision in past.decisions()[-1:]:
        assert State.from_plain(json.loads(json.dumps(decision.state.to_plain()))) == decision.state


def test_a_fresh_memory_is_on_the_start_rung() -> None:
    """Its bitrate is the preset's and no scene was ordered."""
    state = State.initial(LOCKED)

    assert (state.quality, state.base, state.scene) == (LOCKED.start, LOCKED.start, None)
    assert state.target.bitrate_bps == LOCKED.rung(LOCKED.start).preset.bitrate_bps


def spoilt(path: str, value: Any) -> dict[str, Any]:  # noqa: ANN401 - whatever a file may hold
    """A fresh memory with one part replaced, its path with dots."""
    plain = State.initial(ADAPTIVE).to_plain()
    *way, last = path.split(".")
    inside = plain
    for name in way:
        inside = inside[name]
    inside[last] = value
    return plain


@pytest.mark.parametrize(
    ("path", "value", "named"),
    [
        ("quality", "EXCELLENT", "state.quality"),
        ("target.bitrate_bps", "2500000", "state.target.bitrate_bps"),
        ("target.bitrate_bps", True, "state.target.bitrate_bps"),
        ("trim.rate_bps", float("nan"), "state.trim.rate_bps"),
        ("trim", [], "state.trim"),
        ("clocks.since", [["up"]], "state.clocks.since"),
        ("clocks.since", 5, "state.clocks.since"),
        ("clocks.gaps", [["down", "now"]], "state.clocks.gaps"),
        ("uplinks", [{"name": "att"}], "state.uplinks"),
        ("surprise", 1, "state"),
    ],
)
def test_what_does_not_fit_is_refused_by_its_name(path: str, value: object, named: str) -> None:
    """Half a memory is worse than none: the error names the part and says what to do."""
    with pytest.raises(ValueError, match="start from an initial state") as told:
        State.from_plain(spoilt(path, value))

    assert str(told.value).startswith(named)
