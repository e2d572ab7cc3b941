"""The model's answer to a segment, under the policy, the encoder and the loop of the demo."""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from controller.config import PolicySection
from controller.decision.model import Quality
from controller.decision.policy import Policy
from controller.wiring import policy_of
from deploy.demo import rendering
from tests.bench.history import History
from tests.bench.link import Transport, link
from tests.bench.policies.product import Product
from tests.bench.rig.outcome import Outcome, Transition, outcome
from tests.bench.rig.segments import LEAD_S, SEGMENT_S, Segment, good
from tests.bench.score import PROPAGATION_S
from tests.bench.simulation import ChangeCost, Timing, simulate
from tests.bench.traces import BINS_PER_S

# Measured in the demo: the exporter samples every 100 ms, Prometheus scrapes and the controller asks in
# phases of their own; an order takes one HTTP request, and the encoder follows with its next picture.
DEMO = Timing(period_s=rendering.PERIOD_S, lag_s=0.2, latency_s=0.2)


def policy(name: str) -> Policy:
    """The shipped policy with the demo's rungs; it begins at the top, where there is most to lose."""
    section = PolicySection.model_validate({"name": name, "presets": rendering.REDUCED_PRESETS})
    return replace(policy_of(section), start=Quality.HIGH)


def model(
    segment: Segment, policy_name: str, transport: Transport, *, before_s: float, timing: Timing = DEMO
) -> Outcome:
    """What the model says of the segment; `before_s` is how long the controller ran before the lead."""
    played = segment.played()
    before = good(before_s)
    pair = replace(played, first=np.concatenate((before, played.first)), second=np.concatenate((before, played.second)))
    controller = Product(policy(policy_name), timing, ChangeCost.SEAMLESS)
    history = simulate(link(pair, transport), controller, transport, ChangeCost.SEAMLESS)
    return judged(history, start_s=before_s + LEAD_S)


def judged(history: History, *, start_s: float) -> Outcome:
    """The outcome of a run whose segment begins at `start_s`."""
    first = round(start_s * BINS_PER_S)
    slices = history.latency[first : first + round(SEGMENT_S * BINS_PER_S)]
    late_s = [steps / BINS_PER_S + PROPAGATION_S if steps >= 0 else None for steps in slices]
    moves = (
        Transition(at / history.steps_per_s - start_s, old, new)
        for (_, old), (at, new) in zip(history.states, history.states[1:], strict=False)
    )
    return outcome(late_s, moves, SEGMENT_S)
