"""Comparison, matching and verdict."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.bench.rig.agreement import (
    Comparison,
    Verdict,
    against_itself,
    lasting,
    matched,
    told_by_any,
    verdict,
)
from tests.bench.rig.outcome import Outcome, Transition

FALL = ("HIGH", "MEDIUM")
CLIMB = ("MEDIUM", "RECOVERY")

moves = st.lists(
    st.builds(lambda t_s, pair: Transition(t_s, *pair), st.floats(0.0, 120.0), st.sampled_from([FALL, CLIMB])),
    max_size=6,
).map(lambda found: sorted(found, key=lambda move: move.t_s))


def _moves(*times: float) -> tuple[Transition, ...]:
    return tuple(Transition(t_s, *FALL) for t_s in times)


@pytest.mark.parametrize(
    ("rig", "model", "alike"),
    [
        ((), (), 0),
        (_moves(10.0), _moves(13.0), 1),
        (_moves(10.0), _moves(13.1), 0),
        (_moves(10.0), _moves(7.0), 1),
        (_moves(10.0, 11.0), _moves(10.5), 1),
        (_moves(10.0), (Transition(10.0, *CLIMB),), 0),
        (_moves(10.0, 40.0), _moves(9.0, 41.0), 2),
    ],
)
def test_transitions_match_within_three_seconds(
    rig: tuple[Transition, ...], model: tuple[Transition, ...], alike: int
) -> None:
    """The same step within 3 s either way, each of the model's used once."""
    assert matched(rig, model) == alike


@given(rig=moves, model=moves)
def test_no_more_match_than_there_are(rig: list[Transition], model: list[Transition]) -> None:
    """Never more than either side has, and all of them against themselves."""
    assert matched(rig, model) <= min(len(rig), len(model))
    assert matched(rig, rig) == len(lasting(rig))


def test_a_state_of_less_than_a_second_is_passed_through() -> None:
    """HIGH to MEDIUM to LOW within half a second is HIGH to LOW, two seconds apart two; there and back is none."""
    first, second = Transition(10.0, "HIGH", "MEDIUM"), Transition(10.5, "MEDIUM", "LOW")
    assert lasting((first, second)) == (Transition(10.0, "HIGH", "LOW"),)
    assert lasting((first, Transition(12.0, "MEDIUM", "LOW"))) == (first, Transition(12.0, "MEDIUM", "LOW"))
    assert lasting((first, Transition(10.5, "MEDIUM", "HIGH"))) == ()


def _comparison(policy: str, rig: Outcome, model: Outcome) -> Comparison:
    return Comparison(1, policy, rig, model)


def test_the_verdict_is_of_medians() -> None:
    """One bad segment among three moves neither median."""
    runs = [
        _comparison("adaptive", Outcome(0.90, 1.0, ()), Outcome(0.93, 1.2, ())),
        _comparison("adaptive", Outcome(0.10, 9.0, ()), Outcome(0.90, 0.1, ())),
        _comparison("locked", Outcome(0.80, 2.0, _moves(5.0)), Outcome(0.79, 1.9, _moves(6.0))),
    ]
    found = verdict(runs)
    assert found.on_time_error == pytest.approx(0.03)
    assert found.p95_ratio == pytest.approx(1.2)
    assert found.matched == 1.0
    assert found.misses() == []


def test_transitions_of_the_model_alone_count_as_missed() -> None:
    """One alike, one that only the model has: two of three."""
    run = _comparison("locked", Outcome(1.0, 1.0, _moves(5.0)), Outcome(1.0, 1.0, _moves(5.0, 50.0)))
    assert verdict([run]).matched == pytest.approx(2 / 3)


def test_each_take_is_held_against_each_other_one() -> None:
    """Of three takes three pairs, each an ordinary comparison, whatever the model said."""
    said = Outcome(0.1, 9.0, ())
    takes = [_comparison("locked", Outcome(share, 1.0, _moves(5.0)), said) for share in (0.9, 0.8, 0.6)]
    pairs = against_itself(takes)
    assert [(one.rig.on_time, one.model.on_time) for one in pairs] == [(0.9, 0.8), (0.9, 0.6), (0.8, 0.6)]
    assert verdict(pairs).matched == 1.0


def test_one_of_the_others_is_enough() -> None:
    """Of a fall at 10 s and one at 50 s the first is in the second run, the other in none."""
    others = [Outcome(1.0, 1.0, _moves(30.0)), Outcome(1.0, 1.0, _moves(12.0))]
    assert told_by_any(_moves(10.0, 50.0), others) == 1
    assert told_by_any(_moves(10.0), []) == 0


def test_only_locked_is_asked_for_its_transitions() -> None:
    """`adaptive` may step as it likes."""
    run = _comparison("adaptive", Outcome(1.0, 1.0, _moves(5.0)), Outcome(1.0, 1.0, ()))
    assert verdict([run]).matched is None


@pytest.mark.parametrize(
    ("found", "misses"),
    [
        (Verdict(0.05, 1.5, 0.8), 0),
        (Verdict(0.051, 1.5, 0.8), 1),
        (Verdict(0.05, 1.51, 0.79), 2),
        (Verdict(None, None, None), 3),
    ],
)
def test_each_target_has_its_limit(found: Verdict, misses: int) -> None:
    """At the limit it holds, beyond it does not, and what is unknown is not met."""
    assert len(found.misses()) == misses
