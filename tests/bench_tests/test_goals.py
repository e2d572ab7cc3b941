"""The product's promises, held against rows."""

from __future__ import annotations

from dataclasses import asdict, replace

import pytest

from tests.bench.goals import GOALS, POLICY, held
from tests.bench.rows import Row

ROW = Row(
    set="open",
    model="tcp",
    change_cost="live",
    policy=POLICY,
    s=80.0,
    qoe=3.0,
    delivered_mbps=3.9,
    delivered_of_oracle=0.95,
    utilisation=1.0,
    frozen_s_per_h=60.0,
    freezes_per_h=5.0,
    p95_s=1.0,
    p99_s=2.0,
    switches_per_h=200.0,
    restarts_per_h=0.0,
    outage_s_per_h=0.0,
    react_p50_s=2.0,
    react_p90_s=3.0,
    react_never=0.04,
    exposed_s_per_h=1.0,
    covered_within_2s=0.95,
    shown_while_fine_s_per_h=10.0,
    out_of_band_s_per_h=30.0,
    trimmed_s_per_h=40.0,
    worst_pair="a",
    worst_pair_qoe_over_fixed_2_5=0.2,
    hours=1.0,
)
COLUMNS = [
    ("s", 73.9, 85.0),
    ("delivered_of_oracle", 0.919, 0.97),
    ("frozen_s_per_h", 105.1, 50.0),
    ("react_p50_s", 2.61, 1.5),
    ("react_p90_s", 3.91, 2.5),
    ("react_never", 0.051, 0.03),
    ("covered_within_2s", 0.899, 0.97),
    ("shown_while_fine_s_per_h", 20.1, 5.0),
    ("out_of_band_s_per_h", 60.1, 10.0),
]


def test_a_row_between_floor_and_goal_keeps_its_promises() -> None:
    """Every floor holds, and no goal is said to be reached."""
    results = list(held([ROW]))

    assert all(one.holds for one in results)
    assert not any(one.target.endswith("reached") for one in results)


@pytest.mark.parametrize(("column", "fallen", "reached"), COLUMNS, ids=[name for name, _, _ in COLUMNS])
def test_each_column_is_judged_on_its_own(column: str, fallen: float, reached: float) -> None:
    """Beyond its floor it alone is missed; at its goal it alone is reached."""
    (missed,) = [one for one in held([Row(**{**asdict(ROW), column: fallen})]) if not one.holds]
    (there,) = [one for one in held([Row(**{**asdict(ROW), column: reached})]) if one.target.endswith("reached")]

    assert missed.name == there.name


@pytest.mark.parametrize(
    ("model", "cost", "s", "holds"),
    [
        ("tcp-hol", "live", 73.0, False),
        ("srt", "live", 76.0, False),
        ("srt", "live", 78.0, True),
        ("tcp", "restart", 46.0, True),
        ("tcp-hol", "restart", 44.0, False),
        ("srt", "restart", 0.0, True),
        ("mptcp", "live", 0.0, True),
    ],
)
def test_the_floor_of_s_is_that_of_model_and_cost(model: str, cost: str, s: float, *, holds: bool) -> None:
    """Where nothing is promised the score is only told."""
    score = next(one for one in held([replace(ROW, model=model, change_cost=cost, s=s)]) if one.name.endswith(": S"))

    assert score.holds is holds


def test_a_pair_below_fixed_2_5_is_named() -> None:
    """More than 0.1 of QoE below is missed, whatever the model."""
    worse = replace(ROW, model="mptcp", worst_pair="NW1/4", worst_pair_qoe_over_fixed_2_5=-0.11)
    (missed,) = [one for one in held([worse]) if not one.holds]

    assert missed.name == "open, mptcp, live: worst pair over fixed 2.5, NW1/4"


def test_only_the_products_policy_is_judged() -> None:
    """A baseline may miss what it likes."""
    assert not list(held([replace(ROW, policy="aimd", s=0.0)]))


@pytest.mark.parametrize(("model", "holds"), [("tcp", False), ("mptcp", True)])
def test_what_is_unknown_is_missed_where_it_is_promised(model: str, *, holds: bool) -> None:
    """A column without a figure keeps no promise and reaches no goal; one without a promise is only told."""
    results = list(held([replace(ROW, model=model, react_p50_s=None)]))
    (unknown,) = [one for one in results if one.value == "unknown"]

    assert (unknown.name, unknown.holds) == (f"open, {model}, live: reaction p50, s", holds)
    assert not unknown.target.endswith("reached")


def test_one_model_and_cost_is_promised_each_column_once() -> None:
    """No row is held against two floors of one column."""
    for where in {where for goal in GOALS for where in goal.given_for}:
        names = [goal.name for goal in GOALS if where in goal.given_for]
        assert len(names) == len(set(names))
