"""Our own traces: the same everywhere, and like the recorded ones they stand for."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from tests.bench.link import Transport, link, path_deaths
from tests.bench.synthetic import DRIVES, Drive, generate, synthetic_pairs
from tests.bench.traces import Rates, held_means

LONG_S = 3_600.0
CITY = [drive for drive in DRIVES if drive.stratum != "mixed"]
OLD = [drive for drive in DRIVES if drive.name.startswith("old")]


def _means(rates: Rates) -> Rates:
    return held_means(rates)[::10] / 1_000.0


def _memory(rates: Rates) -> float:
    means = _means(rates)
    return float(np.corrcoef(means[:-1], means[1:])[0, 1])


def test_a_drive_is_the_same_on_every_machine() -> None:
    """Its first bins stand here: a change of the generator is a change of every score."""
    first = generate(DRIVES[0])
    assert first.digest() == generate(DRIVES[0]).digest()
    assert first.first[:11].tolist() == [71_656.0] * 5 + [72_739.0] * 5 + [63_707.0]
    assert len(first.first) == 9_000


def test_the_set_has_every_stratum() -> None:
    """Native days, the same throttled, and old networks; 75 minutes in all."""
    pairs = synthetic_pairs()
    assert {pair.stratum for pair in pairs} == {"native", "stress", "mixed"}
    assert sum(pair.duration_s for pair in pairs) == 4_500.0


@pytest.mark.parametrize("drive", DRIVES, ids=lambda drive: drive.name)
def test_quantiles_are_the_published_ones(drive: Drive) -> None:
    """Over an hour and a half the shares of 1 s means below the carrier's 10, 25, 50 and 75 % are those, to chance."""
    pair = generate(replace(drive, length_s=1.5 * LONG_S, seed=7))
    for carrier, rates in ((drive.first, pair.first), (drive.second, pair.second)):
        means = _means(rates) / drive.factor
        below = [float((means < quantile).mean()) for quantile in carrier.quantiles_mbps[2:6]]
        assert below == pytest.approx([0.10, 0.25, 0.50, 0.75], abs=0.15)


@pytest.mark.parametrize("drive", CITY, ids=lambda drive: drive.name)
def test_city_drives_remember_a_second_and_die_once_a_minute(drive: Drive) -> None:
    """Recorded city pairs: correlation over 1 s of 0.95 to 0.97, 49 to 63 path deaths an hour."""
    pair = generate(replace(drive, length_s=LONG_S))
    assert 0.92 < _memory(pair.first) < 0.99
    assert 30 <= len(path_deaths(pair.first, pair.second)) <= 90


@pytest.mark.parametrize("drive", OLD, ids=lambda drive: drive.name)
def test_old_networks_forget_sooner_and_die_more_often(drive: Drive) -> None:
    """Recorded old pairs: correlation of 0.73 to 0.85, some 330 to 450 path deaths an hour."""
    pair = generate(replace(drive, length_s=LONG_S))
    assert 0.70 < _memory(pair.first) < 0.92
    assert 200 <= len(path_deaths(pair.first, pair.second)) <= 500


@pytest.mark.parametrize("drive", DRIVES, ids=lambda drive: drive.name)
def test_two_carriers_hardly_fade_together(drive: Drive) -> None:
    """The correlation of the two uplinks is that of two carriers in one car, 0.2 at most and by chance 0.35."""
    pair = generate(replace(drive, length_s=LONG_S))
    assert abs(np.corrcoef(_means(pair.first), _means(pair.second))[0, 1]) < 0.35


@pytest.mark.parametrize(
    ("name", "below"),
    [("city 1", 0.078), ("city 2", 0.084), ("crowd 1", 0.324), ("crowd 2", 0.293), ("old 1", 0.444), ("short", 0.187)],
)
def test_the_set_is_as_hard_as_the_recorded_pairs(name: str, below: float) -> None:
    """The share of seconds in which the bonded link carries less than 4.5 Mbit/s is that of the recorded pair."""
    pair = next(pair for pair in synthetic_pairs() if pair.name == name)
    found = float((_means(link(pair, Transport.TCP).capacity_kbps) < 4.5).mean())
    assert found == pytest.approx(below, abs=0.04)
