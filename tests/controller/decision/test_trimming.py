"""The bitrate law on constant roads."""

from __future__ import annotations

from controller.decision.machine import decide
from controller.decision.model import Quality
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
