"""Scene columns: what was covered when it was due, and whether the state told the truth."""

from __future__ import annotations

import pytest

from tests.bench.history import LOST, History
from tests.bench.scenes import SceneMeasures, measure_scenes
from tests.bench.score import Scored
from tests.bench_tests.test_score import WARM_UP, history


def _columns(run: History, *, scored_s: float) -> tuple[SceneMeasures, float]:
    found = measure_scenes(run, Scored(run))
    assert found is not None
    return found, 3_600.0 / scored_s


def _frozen_from(start: int, steps: int, total: int) -> History:
    run = history([2_500.0] * total, latencies=[1] * start + [LOST] * steps + [1] * (total - start - steps))
    run.states = [(0, "MEDIUM")]
    return run


def test_without_scenes_and_states_there_are_no_columns() -> None:
    """A policy that only sets bitrates is not judged on scenes."""
    assert measure_scenes(history([2_500.0] * 40), Scored(history([2_500.0] * 40))) is None


def test_a_scene_covers_what_is_due_while_it_is_shown() -> None:
    """A picture captured at 10 s is due at 12 s: a scene from 13 s to 20 s covers 7 of 8 frozen seconds."""
    run = _frozen_from(100, 80, 400)
    run.scenes = [(0, "main"), (WARM_UP + 130, "simple"), (WARM_UP + 200, "main")]
    found, per_hour = _columns(run, scored_s=40)
    assert found.exposed_s_per_h == pytest.approx(1.0 * per_hour)
    assert found.covered_s_per_h == pytest.approx(7.0 * per_hour)
    assert found.shown_while_fine_s_per_h == 0.0


def test_two_seconds_of_grace_before_a_scene_is_due() -> None:
    """Of 8 frozen seconds 6 are due; a scene that comes 3 s late covers 5 of them."""
    run = _frozen_from(100, 80, 400)
    run.scenes = [(0, "main"), (WARM_UP + 150, "simple"), (WARM_UP + 200, "main")]
    found, per_hour = _columns(run, scored_s=40)
    assert found.due_s_per_h == pytest.approx(6.0 * per_hour)
    assert found.covered_due_s_per_h == pytest.approx(5.0 * per_hour)


def test_a_scene_over_a_fine_picture_counts_against_it() -> None:
    """Ten seconds of the simple scene without any freeze are ten seconds too many; audio only is ordered."""
    run = _frozen_from(0, 0, 400)
    run.scenes = [(0, "main"), (WARM_UP + 100, "simple"), (WARM_UP + 200, "audio_only"), (WARM_UP + 300, "main")]
    found, per_hour = _columns(run, scored_s=40)
    assert found.shown_while_fine_s_per_h == pytest.approx(10.0 * per_hour)


@pytest.mark.parametrize(
    ("state", "rate", "outside"),
    [
        ("HIGH", 4_500.0, False),
        ("HIGH", 2_710.0, False),
        ("HIGH", 2_600.0, True),
        ("MEDIUM", 2_500.0, False),
        ("MEDIUM", 2_600.0, True),
        ("MEDIUM", 1_400.0, True),
        ("VERY_LOW", 300.0, True),
        ("ERROR", 300.0, False),
        ("ERROR", 600.0, True),
    ],
)
def test_a_state_stands_for_a_band_of_bitrates(state: str, rate: float, *, outside: bool) -> None:
    """From 60 % of its preset to all of it; below or above, the state says something else than what is sent."""
    run = history([rate] * 100)
    run.states = [(0, state)]
    found, _ = _columns(run, scored_s=10)
    assert (found.trimmed_s_per_h > 0) == outside


def test_a_state_has_twenty_seconds_to_follow() -> None:
    """Of 30 s at half of the preset 10 s are out of band; 15 s of it are none."""
    run = history([4_500.0] * 100 + [2_250.0] * 300 + [4_500.0] * 100 + [2_250.0] * 150)
    run.states = [(0, "HIGH")]
    found, per_hour = _columns(run, scored_s=65)
    assert found.out_of_band_s_per_h == pytest.approx(10.0 * per_hour)
    assert found.trimmed_s_per_h == pytest.approx(45.0 * per_hour)


def test_recovery_may_probe_up_to_the_next_preset() -> None:
    """From MEDIUM, RECOVERY at 4.4 Mbit/s is in its band, and at 1.4 it is not."""
    run = history([4_400.0] * 50 + [1_400.0] * 50)
    run.states = [(0, "MEDIUM"), (WARM_UP, "RECOVERY")]
    found, per_hour = _columns(run, scored_s=10)
    assert found.trimmed_s_per_h == pytest.approx(5.0 * per_hour)
