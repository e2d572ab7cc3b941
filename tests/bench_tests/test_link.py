"""The bonded link: what two uplinks carry, and what a path's death costs."""

from __future__ import annotations

from itertools import pairwise

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from tests.bench.link import Transport, bonded, link, path_deaths
from tests.bench.traces import Pair

_RATES = arrays(np.float64, st.integers(40, 120), elements=st.floats(0, 50_000))


def _pair(first: object, second: object) -> Pair:
    return Pair("pair", np.array(first, dtype=float), np.array(second, dtype=float))


@pytest.mark.parametrize(
    ("first", "second", "carries"),
    [(1_000.0, 0.0, 0.95 * 970.0), (1_000.0, 1_000.0, 0.95 * 1_800.0), (1_000.0, 50.0, 0.95 * 970.0)],
)
def test_two_uplinks_carry_the_better_of_one_and_both(first: float, second: float, carries: float) -> None:
    """A weak second uplink adds nothing; two equal ones carry 0.90 of their sum, 0.95 of it for the stream."""
    assert bonded(np.array([first]), np.array([second]), two_paths=0.90)[0] == pytest.approx(carries)


def test_a_dying_path_stops_delivery_for_a_second_and_a_half() -> None:
    """15 bins carry nothing, then what the survivor carried meanwhile comes at once, and all goes on."""
    first, second = np.full(100, 3_000.0), np.full(100, 2_000.0)
    first[50:] = 0.0
    road = link(_pair(first, second), Transport.TCP_HOL)
    alone = 0.95 * 0.97 * 2_000.0
    assert road.pauses == ((50, 0),)
    assert road.capacity_kbps[49] == pytest.approx(0.95 * 0.95 * 5_000.0)
    assert road.capacity_kbps[50:65].tolist() == [0.0] * 15
    assert road.capacity_kbps[65] == pytest.approx(alone + 15 * alone)
    assert road.capacity_kbps[66:] == pytest.approx(alone)


@pytest.mark.parametrize(
    ("before", "after", "other", "why"),
    [
        (190.0, 0.0, 500.0, "it carried too little to strand data"),
        (1_000.0, 200.0, 5_000.0, "it carries more than 15 % of before"),
        (1_000.0, 0.0, 12_000.0, "it was less than a tenth of both"),
    ],
)
def test_a_path_that_was_not_loaded_or_is_not_gone_pauses_nothing(
    before: float, after: float, other: float, why: str
) -> None:
    """No death is seen when the path carried little, little of the sum, or carries on."""
    first = np.concatenate((np.full(50, before), np.full(50, after)))
    assert path_deaths(first, np.full(100, other)) == (), why


@given(first=_RATES, share=st.floats(0, 1))
def test_pauses_never_overlap(first: np.ndarray[tuple[int], np.dtype[np.float64]], share: float) -> None:
    """Two deaths are at least the pause and the rest apart."""
    deaths = [at for at, _ in path_deaths(first, np.roll(first, 7) * share)]
    assert all(later - earlier >= 20 for earlier, later in pairwise(deaths))


@given(first=_RATES)
def test_head_of_line_blocking_gives_back_no_more_than_the_link_carries(
    first: np.ndarray[tuple[int], np.dtype[np.float64]],
) -> None:
    """The pauses and bursts together never carry more than both uplinks without them."""
    pair = _pair(first, np.roll(first, 11))
    free = bonded(pair.first, pair.second, two_paths=0.95).sum()
    assert link(pair, Transport.TCP_HOL).capacity_kbps.sum() <= free * (1 + 1e-9) + 1e-6


def test_srt_and_plain_tcp_ride_on_the_same_link() -> None:
    """Only TCP with head-of-line blocking has pauses."""
    first = np.concatenate((np.full(50, 3_000.0), np.zeros(50)))
    pair = _pair(first, np.full(100, 2_000.0))
    tcp, srt = link(pair, Transport.TCP), link(pair, Transport.SRT)
    assert np.array_equal(tcp.capacity_kbps, srt.capacity_kbps)
    assert tcp.pauses == srt.pauses == ()


def test_two_subflows_carry_what_both_uplinks_do() -> None:
    """Where the paths are modelled apart, nothing is taken off for having two of them."""
    road = link(_pair([1_000.0, 0.0], [3_000.0, 500.0]), Transport.MPTCP)
    assert road.capacity_kbps.tolist() == pytest.approx([0.95 * 0.97 * 4_000.0, 0.95 * 0.97 * 500.0])
    assert road.pauses == ()
