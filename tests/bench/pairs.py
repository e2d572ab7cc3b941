"""Which pairs a directory of traces gives: the nine open ones, held-out ones, or what it finds."""

from __future__ import annotations

from dataclasses import dataclass
from itertools import pairwise
from pathlib import Path

from tests.bench.score import CHUNK_S, WARM_UP_S
from tests.bench.traces import BINS_PER_S, Pair, Rates, TraceError, read_trace, rotated

MIXED_S = 900.0  # the length to which recordings of different drives are brought
STRESS = 0.25  # a crowd, indoors or a throttled plan, beside the native day


@dataclass(frozen=True, slots=True)
class Recipe:
    """How one pair is made: two files, the second at which each starts, a factor and a length."""

    name: str
    first: str
    second: str
    first_from_s: float = 0.0
    second_from_s: float = 0.0
    factor: float = 1.0
    length_s: float | None = None
    stratum: str = "native"


_DAY = "nuwins_2023_day{0}_{1}_up"
_DAY1 = (_DAY.format(1, "att"), _DAY.format(1, "vz"))
_DAY2 = (_DAY.format(2, "att"), _DAY.format(2, "vz"))
_ATT, _ATT16 = "mahimahi_ATT-LTE-driving_up", "mahimahi_ATT-LTE-driving-2016_up"
_UMTS, _EVDO = "mahimahi_TMobile-UMTS-driving_up", "mahimahi_Verizon-EVDO-driving_up"
_TMO, _VZ = "mahimahi_TMobile-LTE-short_up", "mahimahi_Verizon-LTE-short_up"

OPEN = (
    Recipe("NW1", *_DAY1),
    Recipe("NW2", *_DAY2),
    Recipe("NW1/4", *_DAY1, factor=STRESS, stratum="stress"),
    Recipe("NW2/4", *_DAY2, factor=STRESS, stratum="stress"),
    Recipe("MMold x3", _ATT, _UMTS, factor=3.0, length_s=MIXED_S, stratum="mixed"),
    Recipe("MMold2 x3", _EVDO, _UMTS, 0.0, 400.0, factor=3.0, length_s=MIXED_S, stratum="mixed"),
    Recipe("MMold3 x3", _ATT, _EVDO, 300.0, 500.0, factor=3.0, length_s=MIXED_S, stratum="mixed"),
    Recipe("MMlte/2", _TMO, _VZ, 0.0, 70.0, factor=0.5, length_s=MIXED_S, stratum="mixed"),
    Recipe("MMlte2", _VZ, _ATT16, 0.0, 30.0, length_s=MIXED_S, stratum="mixed"),
)

_OPEN_FILES = {name for recipe in OPEN for name in (recipe.first, recipe.second)}

# Other pairings, turns and scalings of the same recordings: a policy tuned to the open pairs shows it here.
HELD_OUT = (
    Recipe("NW1 att x2", _DAY1[0], _DAY2[0], 0.0, 1800.0, length_s=5400.0),
    Recipe("NW2 vz x2", _DAY2[1], _DAY1[1], 0.0, 2700.0, length_s=5400.0),
    Recipe("NW1/6 turned", _DAY1[0], _DAY1[1], 0.0, 1230.0, 1 / 6, 5400.0, "stress"),
    Recipe("NW2/3 crossed", _DAY2[0], _DAY1[1], 900.0, 0.0, 1 / 3, 5400.0, "stress"),
    Recipe("NW2/8", *_DAY2, factor=0.125, stratum="stress"),
    Recipe("MMold4 x2", _UMTS, _ATT, 200.0, 600.0, 2.0, MIXED_S, "mixed"),
    Recipe("MMold5 x4", _EVDO, _ATT, 300.0, 100.0, 4.0, MIXED_S, "mixed"),
    Recipe("MMlte3 x0.7", _TMO, _ATT16, 20.0, 60.0, 0.7, MIXED_S, "mixed"),
    Recipe("MMlte + old", _VZ, _UMTS, 30.0, 100.0, 1.0, MIXED_S, "mixed"),
)


def open_pairs(directory: Path) -> tuple[Pair, ...]:
    """The nine open pairs.

    Raises:
        TraceError: a file is missing or malformed.
    """
    return _made(directory, OPEN)


def held_out_pairs(directory: Path) -> tuple[Pair, ...]:
    """Other days, pairings, turns and scalings of the same recordings.

    Raises:
        TraceError: a file is missing or malformed.
    """
    return _made(directory, HELD_OUT)


def pairs_in(directory: Path) -> tuple[Pair, ...]:
    """The open pairs where their files are there; otherwise neighbours by name, native and divided by four.

    Raises:
        TraceError: no directory, no trace in it, only one, or one that is malformed or too short to be scored.
    """
    if not directory.is_dir():
        raise TraceError(f"{directory}: is no directory; name the one that holds the trace files")
    found = sorted(directory.glob("*.csv"))
    if _hold_the_open_pairs(found):
        return open_pairs(directory)
    if len(found) < 2:
        raise TraceError(f"{directory}: holds {len(found)} trace files (*.csv); a pair needs two")
    natives = [_neighbours(first, second) for first, second in list(pairwise(found))[::2]]
    stress = [pair.scaled(STRESS, name=f"{pair.name}/4", stratum="stress") for pair in natives]
    return (*natives, *stress)


def unplayed(directory: Path) -> list[str]:
    """The names of the trace files in `directory` of which `pairs_in` makes no pair."""
    found = sorted(directory.glob("*.csv"))
    if _hold_the_open_pairs(found):
        return [path.name for path in found if path.stem not in _OPEN_FILES]
    return [path.name for path in found[len(found) // 2 * 2 :]]


def _hold_the_open_pairs(found: list[Path]) -> bool:
    return {path.stem for path in found} >= _OPEN_FILES


def _neighbours(first: Path, second: Path) -> Pair:
    one, two = read_trace(first), read_trace(second)
    bins = min(len(one), len(two))
    if bins < (WARM_UP_S + CHUNK_S) * BINS_PER_S:
        shorter = first if len(one) < len(two) else second
        raise TraceError(
            f"{shorter}: lasts {bins / BINS_PER_S:.1f} s; the first {WARM_UP_S:.0f} s are not scored, so give "
            f"{WARM_UP_S + CHUNK_S:.0f} s or more"
        )
    return Pair(f"{first.stem} + {second.stem}", one[:bins], two[:bins])


def _made(directory: Path, recipes: tuple[Recipe, ...]) -> tuple[Pair, ...]:
    files = {name: _read(directory, name) for recipe in recipes for name in (recipe.first, recipe.second)}
    return tuple(make(recipe, files) for recipe in recipes)


def _read(directory: Path, name: str) -> Rates:
    path = directory / f"{name}.csv"
    if not path.is_file():
        raise TraceError(f"{path}: no such trace; name the directory that holds the recordings with --traces")
    return read_trace(path)


def make(recipe: Recipe, files: dict[str, Rates]) -> Pair:
    """The pair that `recipe` describes, out of traces by name."""
    first, second = files[recipe.first], files[recipe.second]
    length_s = recipe.length_s or min(len(first), len(second)) / 10
    return Pair(
        recipe.name,
        rotated(first, recipe.first_from_s, length_s) * recipe.factor,
        rotated(second, recipe.second_from_s, length_s) * recipe.factor,
        recipe.stratum,
    )
