"""The bitrate law for encoders that restart for every change of bitrate: few changes, each worth its price.

A fall waits until the picture is late anyway and the links carry less than is sent: a dip that the queue bears
costs less than a restart, and the queue drains while nothing is sent. After a short dip the old rate comes
back in one step. Otherwise the rate climbs after a calm whose length it learns per rung: a climb that
failed makes the next one wait longer, calm minutes make it forget.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from controller.decision.model import Reason
from controller.decision.wording import mbit, seconds

if TYPE_CHECKING:
    from controller.decision.links import Links
    from controller.decision.memory import Patience
    from controller.decision.policy import Policy, Restart

FALL, RAISE = "restart-fall", "restart-raise"


@dataclass(frozen=True, slots=True)
class Occasion:
    """What the law is told besides the links: now, its range, and what a change takes."""

    at_s: float
    bottom_bps: float
    cap_bps: float
    change_s: float


def restart_rate(memory: Patience, links: Links, occasion: Occasion, policy: Policy) -> tuple[Patience, Reason]:
    """The law's memory after one look, its wanted rate in it, and why."""
    rules, at_s = policy.restart, occasion.at_s
    if not memory.waits_s:
        memory = replace(memory, waits_s=(rules.wait_s,) * len(policy.rungs), calm_since_s=at_s)
    if memory.rate_bps > occasion.cap_bps:
        text = f"The cap is {mbit(occasion.cap_bps)}."
        return _changed(memory, occasion.cap_bps, at_s), Reason(FALL, text)
    if memory.changed_s is not None and at_s - memory.changed_s < occasion.change_s:
        return memory, Reason("restart-settling", f"The encoder restarts for {mbit(memory.rate_bps)}.")
    if links.queue_s > rules.clear_s:
        return _with_queue(replace(memory, quiet_since_s=None), links, occasion, policy)
    quiet_since_s = at_s if memory.quiet_since_s is None else memory.quiet_since_s
    return _without_queue(_calmed(replace(memory, quiet_since_s=quiet_since_s), rules, at_s), occasion, policy)


def _with_queue(memory: Patience, links: Links, occasion: Occasion, policy: Policy) -> tuple[Patience, Reason]:
    rules, at_s, rate = policy.restart, occasion.at_s, memory.rate_bps
    evidence = (("queue_s", round(links.queue_s, 2)), ("carried_bps", round(links.carried_bps)), ("rate_bps", rate))
    young = links.queue_s < rules.late_s or links.queued_bits < rules.age_s * rate
    if links.disordered or young or links.carried_bps >= rate:
        text = f"A queue of {seconds(links.queue_s)} stands at {mbit(rate)}: a restart would cost more."
        return memory, Reason("restart-bearing", text, evidence)
    fits = [r.preset.bitrate_bps for r in policy.rungs if r.preset.bitrate_bps <= rules.usable * links.carried_bps]
    lower = max(occasion.bottom_bps, float(max(fits, default=0)))
    if lower >= rate:
        return memory, Reason("restart-bearing", f"A queue of {seconds(links.queue_s)} stands at the bottom.", evidence)
    text = f"The picture is {seconds(links.queue_s)} late and the links carry {mbit(links.carried_bps)}: {mbit(lower)}."
    return _fallen(memory, lower, at_s, policy), Reason(FALL, text, evidence)


def _fallen(memory: Patience, rate_bps: float, at_s: float, policy: Policy) -> Patience:
    rules = policy.restart
    since_raise_s = None if memory.raised_s is None else at_s - memory.raised_s
    waits_s = memory.waits_s
    if since_raise_s is not None and since_raise_s < rules.failure_s:
        waits_s = tuple(
            min(rules.wait_max_s, wait_s * rules.back_off) if rung is _rung_at(policy, memory.rate_bps) else wait_s
            for rung, wait_s in zip(range(len(policy.rungs)), waits_s, strict=True)
        )
    first = memory.fell_s is None or at_s - memory.fell_s > rules.dip_s
    sound = since_raise_s is None or since_raise_s > rules.sound_s
    if first:
        memory = replace(memory, before_dip_bps=memory.rate_bps if sound else None, fell_s=at_s)
    return replace(_changed(memory, rate_bps, at_s), waits_s=waits_s, calm_since_s=at_s)


def _without_queue(memory: Patience, occasion: Occasion, policy: Policy) -> tuple[Patience, Reason]:
    rules, at_s, rate = policy.restart, occasion.at_s, memory.rate_bps
    quiet_s = at_s - (at_s if memory.quiet_since_s is None else memory.quiet_since_s)
    before = memory.before_dip_bps
    if before is not None and memory.fell_s is not None and at_s - memory.fell_s < rules.dip_s:
        if quiet_s >= rules.quiet_s:
            raised = min(before, occasion.cap_bps)
            text = f"The dip is over and {seconds(quiet_s)} were quiet: back to {mbit(raised)}."
            return replace(_changed(memory, raised, at_s), before_dip_bps=None, raised_s=at_s), Reason(RAISE, text)
        return memory, Reason("restart-waiting", f"The queue is gone since {seconds(quiet_s)}.")
    goal, wait_s = _goal(memory, occasion, policy)
    if goal is None or quiet_s < wait_s:
        text = f"At {mbit(rate)} without a queue for {seconds(quiet_s)}."
        return memory, Reason("restart-calm", text, (("wait_s", round(wait_s, 1)),))
    text = f"{seconds(quiet_s)} without a queue: {mbit(goal)} is worth a restart."
    return replace(_changed(memory, goal, at_s), raised_s=at_s), Reason(RAISE, text, (("wait_s", round(wait_s, 1)),))


def _goal(memory: Patience, occasion: Occasion, policy: Policy) -> tuple[float | None, float]:
    """The next rung's rate and the calm that it asks for; two rungs where neither has failed lately."""
    rates = [float(rung.preset.bitrate_bps) for rung in policy.rungs]
    above = [k for k, rate in enumerate(rates) if memory.rate_bps < rate <= occasion.cap_bps]
    if not above:
        return None, 0.0
    goal, base_s = above[0], policy.restart.wait_s
    if len(above) > 1 and max(memory.waits_s[above[0]], memory.waits_s[above[1]]) <= base_s:
        goal = above[1]
    return rates[goal], memory.waits_s[above[0]]


def _calmed(memory: Patience, rules: Restart, at_s: float) -> Patience:
    """Every calm minute all rungs forget a part of their failures."""
    if at_s - memory.calm_since_s < rules.calm_s:
        return memory
    waits_s = tuple(max(rules.wait_s, wait_s * rules.forget) for wait_s in memory.waits_s)
    return replace(memory, waits_s=waits_s, calm_since_s=at_s)


def _rung_at(policy: Policy, rate_bps: float) -> int:
    """The index of the highest rung whose preset is at most `rate_bps`; the bottom when there is none."""
    return max((k for k, rung in enumerate(policy.rungs) if rung.preset.bitrate_bps <= rate_bps), default=0)


def _changed(memory: Patience, rate_bps: float, at_s: float) -> Patience:
    return replace(memory, rate_bps=rate_bps, changed_s=at_s, quiet_since_s=None)
