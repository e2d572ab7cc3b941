"""The bitrate law for encoders that restart for every change of bitrate: few changes, each worth its price.

A fall waits until the queue is so old that the restart's silence costs little: what would be made meanwhile
would come late anyway, and the queue drains. How old that is, the law learns: at a rate that has held, most
queues go by themselves; at one that has failed, waiting only lengthens the freeze. A climb must promise more
than its restart costs: the step up, for as long as the higher rate is expected to hold. That is what it has held
so far and the calm now seen, over how often it has failed; both fade with time.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from itertools import pairwise
from typing import TYPE_CHECKING

from controller.decision.memory import Trial
from controller.decision.model import Reason
from controller.decision.wording import mbit, seconds

if TYPE_CHECKING:
    from controller.decision.links import Links
    from controller.decision.memory import Patience
    from controller.decision.policy import Policy, Restart

FALL, RAISE = "restart-fall", "restart-raise"

_SAME = 0.1
"""A change by less than this share is not worth an interruption, whatever else speaks for it."""


@dataclass(frozen=True, slots=True)
class Occasion:
    """What the law is told besides the links: now, its range, and what a change takes."""

    at_s: float
    bottom_bps: float
    cap_bps: float
    change_s: float


def restart_rate(memory: Patience, links: Links, occasion: Occasion, policy: Policy) -> tuple[Patience, Reason]:
    """The law's memory after one look, its wanted rate in it, and why."""
    rules, at_s, queued_bits = policy.restart, occasion.at_s, memory.queued_bits
    rates = climbing_rates(policy)
    passed_s = 0.0 if memory.at_s is None else max(0.0, at_s - memory.at_s)
    memory = replace(_faded(memory, passed_s, rates, rules), at_s=at_s)
    stands = links.queue_s > rules.clear_s
    if not links.disordered:
        memory = replace(memory, queued_bits=links.queued_bits if stands else 0.0)
    if memory.rate_bps > occasion.cap_bps:
        text = f"The cap is {mbit(occasion.cap_bps)}."
        return _changed(memory, occasion.cap_bps, at_s), Reason(FALL, text)
    if memory.changed_s is not None and at_s - memory.changed_s < occasion.change_s:
        return memory, Reason("restart-settling", f"The encoder restarts for {mbit(memory.rate_bps)}.")
    if stands:
        # A dead path's retransmissions say nothing of what the links carry, so they do not end a calm.
        calm_s = memory.calm_s if links.disordered else 0.0
        return _with_queue(replace(memory, calm_s=calm_s), links, occasion, policy, before_bits=queued_bits)
    return _without_queue(replace(memory, calm_s=memory.calm_s + passed_s), occasion, policy, passed_s=passed_s)


def climbing_rates(policy: Policy) -> tuple[float, ...]:
    """The rates that a climb may reach, bottom first: each rung's, and half-way between two."""
    rungs = [float(rung.preset.bitrate_bps) for rung in policy.rungs]
    return (rungs[0], *(rate for low, high in pairwise(rungs) for rate in ((low + high) / 2, high)))


def _faded(memory: Patience, passed_s: float, rates: tuple[float, ...], rules: Restart) -> Patience:
    if len(memory.trials) != len(rates):
        return replace(memory, trials=(Trial(),) * len(rates))
    kept = 0.5 ** (passed_s / rules.half_life_s)
    return replace(memory, trials=tuple(Trial(one.held_s * kept, one.failures * kept) for one in memory.trials))


def _expected_s(trial: Trial, rules: Restart, *, calm_s: float = 0.0) -> float:
    """How long a rate is expected to hold."""
    return (trial.held_s + rules.calm_weight * calm_s) / (rules.prior_failures + trial.failures)


def _with_queue(
    memory: Patience, links: Links, occasion: Occasion, policy: Policy, *, before_bits: float
) -> tuple[Patience, Reason]:
    rules, rate, carried = policy.restart, memory.rate_bps, links.carried_bps
    own = max((k for k, one in enumerate(climbing_rates(policy)) if one <= rate * 1.01), default=0)
    trust = min(1.0, _expected_s(memory.trials[own], rules) / rules.sure_s)
    bearable_s = rules.age_least_s + (rules.age_most_s - rules.age_least_s) * trust
    age_s = links.queued_bits / rate
    evidence = (
        ("queue_s", round(links.queue_s, 2)),
        ("carried_bps", round(carried)),
        ("rate_bps", rate),
        ("age_s", round(age_s, 2)),
        ("bearable_s", round(bearable_s, 2)),
    )
    passing = carried >= rate or age_s <= bearable_s or links.queued_bits < rules.draining * before_bits
    lower = _lower_bps(memory, links, occasion, rules)
    if links.disordered or passing or lower >= rate * (1 - _SAME):
        text = f"A queue of {seconds(links.queue_s)} stands at {mbit(rate)}: a restart would cost more."
        return memory, Reason("restart-bearing", text, evidence)
    text = (
        f"{seconds(age_s)} of picture wait at {mbit(rate)}, more than the {seconds(bearable_s)} that are borne here, "
        f"and the links carry {mbit(carried)}: {mbit(lower)}."
    )
    return _fallen(memory, lower, links, occasion, policy), Reason(FALL, text, evidence)


def _lower_bps(memory: Patience, links: Links, occasion: Occasion, rules: Restart) -> float:
    """What a fall would go to: one step at first, as the fade may be short; then what also drains the queue.

    While next to nothing is carried a second fall waits, and goes to the bottom.
    """
    rate, carried = memory.rate_bps, links.carried_bps
    if memory.dark and carried < rules.dark * rate:
        waited_s = occasion.at_s - (occasion.at_s if memory.changed_s is None else memory.changed_s)
        return occasion.bottom_bps if waited_s >= rules.dark_s else rate
    if not memory.falling:
        return max(occasion.bottom_bps, rules.usable * carried, rules.deepest * rate)
    left_bits = max(0.0, links.queued_bits - carried * occasion.change_s)
    return max(occasion.bottom_bps, rules.usable * carried - left_bits / rules.drain_s)


def _fallen(memory: Patience, lower_bps: float, links: Links, occasion: Occasion, policy: Policy) -> Patience:
    rules, rate, carried = policy.restart, memory.rate_bps, links.carried_bps
    trials = memory.trials
    if carried >= rules.hole * rate:
        trials = tuple(
            Trial(one.held_s, one.failures + 1.0) if at > min(rules.usable * carried, 0.99 * rate) else one
            for at, one in zip(climbing_rates(policy), trials, strict=True)
        )
    dark = carried < rules.dark * rate
    return replace(_changed(memory, lower_bps, occasion.at_s), trials=trials, falling=True, dark=dark)


def _without_queue(memory: Patience, occasion: Occasion, policy: Policy, *, passed_s: float) -> tuple[Patience, Reason]:
    rules, rate = policy.restart, memory.rate_bps
    rates = climbing_rates(policy)
    trials = tuple(
        Trial(one.held_s + passed_s, one.failures) if at <= rate * 1.01 else one
        for at, one in zip(rates, memory.trials, strict=True)
    )
    memory = replace(memory, trials=trials, falling=False, dark=False)
    if memory.calm_s >= rules.calm_s:
        goals = ((min(at, occasion.cap_bps), one) for at, one in zip(rates, trials, strict=True))
        worth = [
            (_expected_s(one, rules, calm_s=memory.calm_s) * (at - rate), at)
            for at, one in goals
            if at > rate * (1 + _SAME)
        ]
        promised_bits, goal = max(worth, default=(0.0, rate))
        if promised_bits > rules.worth_bits:
            evidence = (("calm_s", round(memory.calm_s, 1)), ("promised_mbit", round(promised_bits / 1e6)))
            text = (
                f"{seconds(memory.calm_s)} of calm: {mbit(goal)} is expected to hold "
                f"{seconds(promised_bits / (goal - rate))}, which is worth a restart."
            )
            return _changed(memory, goal, occasion.at_s), Reason(RAISE, text, evidence)
    text = f"At {mbit(rate)} without a queue for {seconds(memory.calm_s)}."
    return memory, Reason("restart-calm", text)


def _changed(memory: Patience, rate_bps: float, at_s: float) -> Patience:
    return replace(memory, rate_bps=rate_bps, changed_s=at_s, calm_s=0.0)
