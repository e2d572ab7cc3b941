"""The bitrate law on constant roads."""

from __future__ import annotations

from dataclasses import replace

import pytest

from controller.decision.machine import decide
from controller.decision.model import Quality, Transport
from controller.decision.policies import ADAPTIVE
from tests.controller.decision.roads import Road, at_rung


def test_it_does_not_saw_at_a_constant_ceiling() -> None:
    """On 1.9 Mbit/s the old 4.5 do not come back; after the first tries the rate stays near the ceiling."""
    state, road, rates = at_rung(ADAPTIVE, Quality.HIGH), Road(1.9e6), []
    for _ in range(120):
        state = decide(state, road.see(state), ADAPTIVE).state
        rates.append(state.target.bitrate_bps)

    assert max(rates[40:]) < 2_700_000
    assert sum(rates[40:]) / 80 > 1_500_000


@pytest.mark.parametrize(
    ("carrier", "loss_ratio", "comes_back"),
    [
        (Transport.SRTLA, 0.0, True),
        (Transport.SRTLA, None, True),
        (Transport.SRTLA, 0.3, False),
        (Transport.MPTCP, 0.3, True),
    ],
)
def test_a_queue_thrown_away_is_no_dip_that_is_over(
    carrier: Transport, loss_ratio: float | None, *, comes_back: bool
) -> None:
    """After 2 s at 1 Mbit/s the old rate comes back at once, unless SRT may have given up what the queue held."""
    state, road = at_rung(ADAPTIVE, Quality.HIGH), Road(20e6)
    rates = []
    for second in range(12):
        road.capacity_bps = 1e6 if second in {4, 5} else 20e6
        seen = replace(road.see(state), carrier=carrier, loss_ratio=loss_ratio)
        state = decide(state, seen, ADAPTIVE).state
        rates.append(state.target.bitrate_bps)

    assert min(rates[4:7]) < 1_500_000
    assert (max(rates[6:9]) > 4_000_000) is comes_back
