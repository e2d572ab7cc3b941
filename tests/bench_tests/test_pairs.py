"""Which pairs a directory gives."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from tests.bench.pairs import HELD_OUT, OPEN, held_out_pairs, open_pairs, pairs_in, unplayed
from tests.bench.traces import TraceError, write_trace


def _fill(directory: Path, names: set[str], seconds: int = 20) -> None:
    for number, name in enumerate(sorted(names)):
        write_trace(directory / f"{name}.csv", np.full(seconds * 10, 1_000.0 * (number + 1)))


def _files() -> set[str]:
    return {name for recipe in OPEN for name in (recipe.first, recipe.second)}


def test_known_files_give_the_nine_open_pairs(tmp_path: Path) -> None:
    """Where the known recordings are, the open pairs are made, native first and in the published order."""
    _fill(tmp_path, _files())
    pairs = pairs_in(tmp_path)
    assert [pair.name for pair in pairs] == [recipe.name for recipe in OPEN]
    assert [pair.duration_s for pair in pairs] == [20.0] * 4 + [900.0] * 5


def test_a_stress_pair_is_a_quarter_of_the_native_one(tmp_path: Path) -> None:
    """NW1/4 carries a quarter of NW1 on both uplinks."""
    _fill(tmp_path, _files())
    pairs = {pair.name: pair for pair in open_pairs(tmp_path)}
    assert np.array_equal(pairs["NW1/4"].first * 4, pairs["NW1"].first)
    assert np.array_equal(pairs["NW1/4"].second * 4, pairs["NW1"].second)


def test_held_out_pairs_are_none_of_the_open_ones(tmp_path: Path) -> None:
    """No held-out recipe repeats an open one: files, turn and factor together differ."""
    _fill(tmp_path, _files())
    assert len(held_out_pairs(tmp_path)) == len(HELD_OUT)
    made = {(r.first, r.second, r.first_from_s, r.second_from_s, r.factor) for r in OPEN}
    assert not made & {(r.first, r.second, r.first_from_s, r.second_from_s, r.factor) for r in HELD_OUT}


def test_other_files_are_paired_with_their_neighbours(tmp_path: Path) -> None:
    """Unknown recordings pair by name, native and divided by four, cut to the shorter one."""
    _fill(tmp_path, {"a", "b"}, seconds=80)
    write_trace(tmp_path / "b.csv", np.full(700, 4_000.0))
    native, stress = pairs_in(tmp_path)
    assert (native.name, native.duration_s, native.stratum) == ("a + b", 70.0, "native")
    assert (stress.name, stress.second[0], stress.stratum) == ("a + b/4", 1_000.0, "stress")


def test_one_trace_is_no_pair(tmp_path: Path) -> None:
    """A directory with one trace is refused, with what it lacks."""
    _fill(tmp_path, {"a"})
    with pytest.raises(TraceError, match=r"holds 1 trace files .*a pair needs two"):
        pairs_in(tmp_path)


def test_a_trace_that_ends_in_the_unscored_minute_is_refused(tmp_path: Path) -> None:
    """The shorter file is named, with what it takes; 64 s hold one chunk."""
    _fill(tmp_path, {"a", "b"}, seconds=80)
    write_trace(tmp_path / "b.csv", np.full(639, 4_000.0))
    with pytest.raises(TraceError, match=r"b\.csv: lasts 63\.9 s; .* so give 64 s or more"):
        pairs_in(tmp_path)
    write_trace(tmp_path / "b.csv", np.full(640, 4_000.0))
    assert len(pairs_in(tmp_path)) == 2


def test_a_missing_recording_is_named(tmp_path: Path) -> None:
    """Asking for the open pairs without their files names the first that is missing."""
    with pytest.raises(TraceError, match=r"nuwins_2023_day1_att_up\.csv: no such trace"):
        open_pairs(tmp_path)


def test_what_is_left_without_a_neighbour_is_told(tmp_path: Path) -> None:
    """Of three recordings the last by name is in no pair; of four none is left."""
    _fill(tmp_path, {"a", "b", "c"}, seconds=80)
    assert unplayed(tmp_path) == ["c.csv"]
    _fill(tmp_path, {"d"}, seconds=80)
    assert unplayed(tmp_path) == []


def test_what_lies_beside_the_open_pairs_is_told(tmp_path: Path) -> None:
    """Where the open pairs are made, a recording of one's own is in none of them."""
    _fill(tmp_path, {*_files(), "mine"})
    assert unplayed(tmp_path) == ["mine.csv"]
