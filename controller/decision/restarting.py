"""The bitrate law for encoders that restart for every change of bitrate: few changes, each worth its price.

A fall waits until the queue is so old that the restart's silence costs little: what would be made meanwhile
would come late anyway, and the queue drains; how old that is, the law learns from how often the rate held and failed.
A climb must promise more than its restarts cost, and above the rate of the start it is first made on paper: what the
links have shown without a queue, with what changes have won so far, must pay for two that fail. Below that rate the law
goes only for what was won, or when the picture has been late for long: so on links that prove nothing it stands still.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from itertools import pairwise
from math import exp
from typing import TYPE_CHECKING

from controller.decision.memory import Trial
from controller.decision.model import Reason
from controller.decision.standing import Played, counted, paid, price_bits, proven, still_bps
from controller.decision.wording import mbit, seconds

if TYPE_CHECKING:
    from collections.abc import Iterator

    from controller.decision.links import Links
    from controller.decision.memory import Patience
    from controller.decision.policy import Policy

FALL, RAISE = "restart-fall", "restart-raise"

_SAME = 0.1
"""A change by less than this share is not worth an interruption, whatever else speaks for it."""
_AT = 1.01
"""A rate within so much of another is the same; encoders round."""


@dataclass(frozen=True, slots=True)
class Occasion:
    """What the law is told besides the links: now, its range, what a change takes, and what the links have shown.

    `change_s` is from an order until the picture is back, of which the encoder is dark for `restart_s`. `least_bps`
    is what the links carry at least.
    """

    at_s: float
    bottom_bps: float
    cap_bps: float
    change_s: float
    restart_s: float = 2.0
    least_bps: float = 0.0


def restart_rate(memory: Patience, links: Links, occasion: Occasion, policy: Policy) -> tuple[Patience, Reason]:
    """The law's memory after one look, its wanted rate in it, and why."""
    rules, at_s, queued_bits = policy.restart, occasion.at_s, memory.queued_bits
    passed_s = 0.0 if memory.at_s is None else max(0.0, at_s - memory.at_s)
    rates = climbing_rates(policy)
    trials = _faded(memory.trials, 0.5 ** (passed_s / rules.half_life_s), rates)
    passed_s = min(passed_s, policy.ages.late_s)  # beyond it nothing was known of the links
    stands = links.queue_s > rules.clear_s
    waiting_bits = queued_bits if links.disordered else links.queued_bits if stands else 0.0
    settling = memory.changed_s is not None and at_s - memory.changed_s < occasion.change_s
    played = Played(passed_s, memory.rate_bps, waiting_bits, occasion.least_bps, settling)
    account = counted(memory.account, played, links, policy, stands=stands)
    memory = replace(memory, at_s=at_s, trials=trials, queued_bits=waiting_bits, account=account)
    if memory.rate_bps > occasion.cap_bps:
        text = f"The cap is {mbit(occasion.cap_bps)}."
        return _changed(memory, occasion.cap_bps, at_s), Reason(FALL, text)
    if settling:
        return memory, Reason("restart-settling", f"The encoder restarts for {mbit(memory.rate_bps)}.")
    if stands:
        seen = _watched(memory, links, policy, passed_s=passed_s)
        return _with_queue(seen, links, occasion, policy, before_bits=queued_bits * rules.draining**passed_s)
    return _without_queue(memory, occasion, policy, passed_s=passed_s, rates=rates)


def climbing_rates(policy: Policy) -> tuple[float, ...]:
    """The rates that a climb may reach, bottom first: each rung's, and half-way between two."""
    rungs = [float(rung.preset.bitrate_bps) for rung in policy.rungs]
    return (rungs[0], *(rate for low, high in pairwise(rungs) for rate in ((low + high) / 2, high)))


def _faded(trials: tuple[Trial, ...], kept: float, rates: tuple[float, ...]) -> tuple[Trial, ...]:
    if len(trials) != len(rates):
        return (Trial(),) * len(rates)
    return tuple([Trial(one.held_s * kept, one.failures * kept, one.shown_s) for one in trials])


def _watched(memory: Patience, links: Links, policy: Policy, *, passed_s: float) -> Patience:
    """The memory after a look at a queue. A dead path's retransmissions say nothing of what the links carry."""
    late = links.queue_s > policy.scenes.late_s
    before_bps = links.carried_bps if memory.carried_bps is None else memory.carried_bps
    newer = 1.0 - exp(-passed_s / policy.restart.smooth_s)
    memory = replace(
        memory,
        carried_bps=before_bps + (links.carried_bps - before_bps) * newer,
        late_s=memory.late_s + passed_s if late else memory.late_s,
    )
    if links.disordered:
        return memory
    return replace(memory, calm_s=0.0, trials=tuple(replace(one, shown_s=0.0) for one in memory.trials))


def _with_queue(
    memory: Patience, links: Links, occasion: Occasion, policy: Policy, *, before_bits: float
) -> tuple[Patience, Reason]:
    rules, rate = policy.restart, memory.rate_bps
    carried = links.carried_bps if memory.carried_bps is None else memory.carried_bps
    own = max((k for k, one in enumerate(climbing_rates(policy)) if one <= rate * _AT), default=0)
    expected_s = memory.trials[own].held_s / (memory.trials[own].failures + rules.prior_failures)
    trust = min(1.0, expected_s / rules.sure_s)
    bearable_s = rules.age_least_s + (rules.age_most_s - rules.age_least_s) * trust
    age_s = links.queued_bits / rate
    evidence = (
        ("queue_s", round(links.queue_s, 2)),
        ("carried_bps", round(carried)),
        ("rate_bps", rate),
        ("age_s", round(age_s, 2)),
        ("bearable_s", round(bearable_s, 2)),
    )
    passing = max(carried, links.carried_bps) >= rate or age_s <= bearable_s or links.queued_bits < before_bits
    lower = _lower_bps(memory, links, occasion, policy, carried_bps=carried)
    if links.disordered or passing or lower >= rate * (1 - _SAME):
        text = f"A queue of {seconds(links.queue_s)} stands at {mbit(rate)}: a restart would cost more."
        return memory, Reason("restart-bearing", text, evidence)
    text = (
        f"{seconds(age_s)} of picture wait at {mbit(rate)}, more than the {seconds(bearable_s)} that are borne here, "
        f"and the links carry {mbit(carried)}: {mbit(lower)}."
    )
    return _fallen(memory, lower, occasion, policy, carried_bps=carried), Reason(FALL, text, evidence)


def _lower_bps(memory: Patience, links: Links, occasion: Occasion, policy: Policy, *, carried_bps: float) -> float:
    """What a fall would go to: one step at first, as the fade may be short; then what also drains the queue.

    While next to nothing is carried a second fall waits, and goes to the bottom. What is near the still rate goes to
    it; and who has won nothing does not leave it for a short fade.
    """
    rules, rate, carried = policy.restart, memory.rate_bps, carried_bps
    if memory.dark and carried < rules.dark * rate:
        waited_s = occasion.at_s - (occasion.at_s if memory.changed_s is None else memory.changed_s)
        if waited_s < rules.dark_s:
            return rate
        lower = occasion.bottom_bps
    elif not memory.falling:
        lower = max(occasion.bottom_bps, rules.usable * carried, rules.deepest * rate)
    else:
        left_bits = max(0.0, links.queued_bits - carried * occasion.change_s)
        lower = max(occasion.bottom_bps, rules.usable * carried - left_bits / rules.drain_s)
    still = still_bps(policy)
    if still / rules.near < lower < still * rules.near:
        return min(rate, still)
    if lower >= still or memory.late_s >= rules.patience_s:
        return lower
    there_and_back = 2.0 * price_bits(min(rate, still), lower, policy, restart_s=occasion.restart_s)
    return lower if memory.account.won_bits >= rules.fall_stake * there_and_back else min(rate, still)


def _fallen(memory: Patience, lower_bps: float, occasion: Occasion, policy: Policy, *, carried_bps: float) -> Patience:
    rules, rate, carried = policy.restart, memory.rate_bps, carried_bps
    trials = memory.trials
    if carried >= rules.hole * rate:
        trials = tuple(
            replace(one, failures=one.failures + 1.0) if at > min(rules.usable * carried, 0.99 * rate) else one
            for at, one in zip(climbing_rates(policy), trials, strict=True)
        )
    memory = _wagered(replace(memory, trials=trials), lower_bps, occasion, policy)
    return replace(memory, falling=True, dark=carried < rules.dark * rate)


def _without_queue(
    memory: Patience, occasion: Occasion, policy: Policy, *, passed_s: float, rates: tuple[float, ...]
) -> tuple[Patience, Reason]:
    rate, shown_bps = memory.rate_bps, policy.restart.shown * occasion.least_bps
    memory = replace(
        memory,
        calm_s=memory.calm_s + passed_s,
        trials=_tried(memory, shown_bps, policy, passed_s=passed_s, rates=rates),
        falling=False,
        dark=False,
        carried_bps=None,
        late_s=0.0,
    )
    best = max(_promises(memory, occasion, policy, rates), default=None)
    if best is not None and best.over_bits > 0.0:
        evidence = (
            ("calm_s", round(memory.calm_s, 1)),
            ("shown_bps", round(shown_bps)),
            ("over_mbit", round(best.over_bits / 1e6)),
            ("won_mbit", round(memory.account.won_bits / 1e6)),
        )
        text = f"{mbit(best.rate_bps)} is expected to hold {seconds(best.for_s)}, which is worth a restart."
        return _wagered(memory, best.rate_bps, occasion, policy), Reason(RAISE, text, evidence)
    text = f"At {mbit(rate)} without a queue for {seconds(memory.calm_s)}."
    return memory, Reason("restart-calm", text)


def _tried(
    memory: Patience, shown_bps: float, policy: Policy, *, passed_s: float, rates: tuple[float, ...]
) -> tuple[Trial, ...]:
    """The trials after a calm: what plays is held, what lies above was shown or not."""
    rules, held_bps, still = policy.restart, memory.rate_bps * _AT, still_bps(policy)
    lost = 0.5 ** (passed_s / rules.shown_half_life_s)
    faded = 0.5 ** (passed_s / rules.proof_half_life_s)
    trials = []
    for at, one in zip(rates, memory.trials, strict=True):
        held_s, shown_s = one.held_s, one.shown_s
        if at <= held_bps:
            held_s += passed_s
        elif at > still:
            shown_s = shown_s * faded + (passed_s if at <= shown_bps else 0.0)
        else:
            shown_s = shown_s + passed_s if at <= shown_bps else shown_s * lost
        trials.append(Trial(held_s, one.failures, shown_s))
    return tuple(trials)


@dataclass(frozen=True, slots=True, order=True)
class _Promise:
    """A rate to climb to: what it promises beyond what is asked, and for how long it is expected to hold."""

    over_bits: float
    rate_bps: float
    for_s: float


def _promises(memory: Patience, occasion: Occasion, policy: Policy, rates: tuple[float, ...]) -> Iterator[_Promise]:
    rules, rate, still = policy.restart, memory.rate_bps, still_bps(policy)
    for at, trial in zip(rates, memory.trials, strict=True):
        goal = min(at, occasion.cap_bps)
        if goal <= rate * (1 + _SAME):
            continue
        if at > still:
            paper_bits = trial.shown_s * (at - still)
            ready = memory.calm_s >= rules.proof_calm_s or proven(memory.account, paper_bits, policy)
        else:
            ready = memory.calm_s >= rules.calm_s or trial.shown_s >= rules.shown_s
        if not ready:
            continue
        held_s = trial.held_s + rules.calm_weight * memory.calm_s + rules.shown_weight * trial.shown_s
        for_s = held_s / (rules.prior_failures + trial.failures)
        yield _Promise((goal - rate) * for_s - rules.worth_bits, goal, for_s)


def _wagered(memory: Patience, rate_bps: float, occasion: Occasion, policy: Policy) -> Patience:
    """The memory after a change of the law's own, which the account pays; what was shown was shown before it."""
    price = price_bits(memory.rate_bps, rate_bps, policy, restart_s=occasion.restart_s)
    trials = tuple(replace(one, shown_s=0.0) for one in memory.trials)
    memory = replace(memory, account=paid(memory.account, price), trials=trials)
    return _changed(memory, rate_bps, occasion.at_s)


def _changed(memory: Patience, rate_bps: float, at_s: float) -> Patience:
    return replace(memory, rate_bps=rate_bps, changed_s=at_s, calm_s=0.0)
