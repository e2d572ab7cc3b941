"""The values that the core takes and returns: frozen, with units in their names."""

from __future__ import annotations

import re
from dataclasses import FrozenInstanceError, fields, is_dataclass
from inspect import getmembers, isclass

import pytest

from controller.decision import machine, memory, model, move, policy, trust

MODULES = (machine, memory, model, move, policy, trust)
VALUES = sorted(
    {one for module in MODULES for _, one in getmembers(module, isclass) if is_dataclass(one)},
    key=lambda one: one.__qualname__,
)
UNITS = re.compile(r"(^|_)(s|bps|bits|bytes|px|hz|ratio|per_h|segments|segments_min)$")
# Counts and shares have none, a sample that of its metric; parameters of a law are explained where they stand.
BARE = {"value", "deaths", "restores", "failures", "score", "availability"}
PARAMETERS = {"Probe", "Trim", "Following", "Restart"}


@pytest.mark.parametrize("value", VALUES, ids=lambda one: one.__name__)
def test_every_value_is_frozen(value: type) -> None:
    """What was decided or seen cannot be changed afterwards by anybody."""
    assert value.__dataclass_params__.frozen  # type: ignore[attr-defined] # every dataclass has it
    assert not hasattr(value, "__dict__") or "__slots__" in vars(value)


def test_a_frozen_value_refuses_a_change() -> None:
    """Also by name."""
    with pytest.raises(FrozenInstanceError):
        model.Interval().lower_bps = 1.0  # type: ignore[misc] # that is the point


@pytest.mark.parametrize(
    "value", [one for one in VALUES if one.__name__ not in PARAMETERS], ids=lambda one: one.__name__
)
def test_every_number_names_its_unit(value: type) -> None:
    """Seconds, bit/s, pixels: whoever reads a field knows what it counts."""
    numbers = [one.name for one in fields(value) if re.match(r"(float|int)( \| None)?$", str(one.type))]

    assert [name for name in numbers if not UNITS.search(name) and name not in BARE] == []


def test_what_decide_takes_and_gives_is_stable() -> None:
    """The parts that others build on: adding is free, taking away is a change of the interface."""
    assert {one.name for one in fields(machine.Decision)} >= {
        "state",
        "quality",
        "target",
        "scene",
        "reason",
        "scene_reason",
        "changed_from",
    }
    assert {one.name for one in fields(model.Observation)} >= {
        "at_s",
        "freshness",
        "age_s",
        "capacity",
        "delivered_bps",
        "drain_time_s",
        "backlog_bytes",
        "loss_ratio",
        "min_rtt_s",
        "uplinks",
        "ingest",
        "encoder",
        "encoder_traits",
        "scene",
        "override",
        "edge_state",
    }
