"""The choice of the segments."""

from __future__ import annotations

import numpy as np
import pytest

from tests.bench.rig.segments import (
    GOOD_KBPS,
    LEAD_S,
    SEGMENT_S,
    TAIL_S,
    Segment,
    recorded_segments,
    synthetic_segments,
)
from tests.bench.traces import Pair


def _pair(name: str, seconds: int, stratum: str = "stress") -> Pair:
    rates = np.arange(seconds * 10, dtype=np.float64)
    return Pair(name, rates, rates + 1.0, stratum)


def test_the_synthetic_choice_is_the_same_everywhere() -> None:
    """Two calls give the same rates, and no two of the eight segments are alike."""
    digests = [segment.pair.digest() for segment in synthetic_segments()]
    assert digests == [segment.pair.digest() for segment in synthetic_segments()]
    assert len(set(digests)) == 8


def test_a_shorter_choice_is_the_beginning_of_the_long_one() -> None:
    """The first three of eight are the three."""
    assert [one.pair.digest() for one in synthetic_segments(3)] == [
        one.pair.digest() for one in synthetic_segments()[:3]
    ]


def test_the_eight_hold_what_shall_be_compared() -> None:
    """Uplinks that die often and hardly, a fade to next to nothing and mild ones; every segment has its tight time."""
    segments = synthetic_segments()
    deaths, least = [one.deaths for one in segments], [one.least_kbps for one in segments]
    assert (min(deaths), max(deaths)) == (1, 13)
    assert min(least) < 100.0
    assert max(least) > 2_500.0
    assert all(0.2 < one.tight < 0.55 for one in segments)


def test_recorded_segments_take_the_pairs_in_turn() -> None:
    """Native and short pairs are left out; each segment is 120 s out of its pair, both uplinks at once."""
    pairs = [_pair("native", 500, "native"), _pair("a", 300), _pair("short", 100), _pair("b", 400)]
    found = recorded_segments(pairs, 4)
    assert [one.pair.name.split()[0] for one in found] == ["a", "b", "a", "b"]
    for one in found:
        assert one.pair.duration_s == SEGMENT_S
        assert (one.pair.second - one.pair.first == 1.0).all()
    assert found[0].pair.digest() != found[2].pair.digest()


def test_without_a_usable_pair_it_says_so() -> None:
    """The message names how long a pair must be."""
    with pytest.raises(ValueError, match="120 s"):
        recorded_segments([_pair("short", 60)])


def test_a_segment_is_framed_by_good_links() -> None:
    """What is played begins and ends on good uplinks, with the segment between."""
    played = Segment(1, _pair("a", 120)).played()
    lead, tail = round(LEAD_S * 10), round(TAIL_S * 10)
    assert played.duration_s == LEAD_S + SEGMENT_S + TAIL_S
    assert (played.first[:lead] == GOOD_KBPS).all()
    assert (played.second[-tail:] == GOOD_KBPS).all()
    assert played.first[lead : lead + 3].tolist() == [0.0, 1.0, 2.0]
