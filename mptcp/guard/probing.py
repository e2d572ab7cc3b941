"""When to probe which uplink, and when to look again. Pure."""

from __future__ import annotations

from collections.abc import Mapping

from mptcp.guard.judging import Look, holds
from mptcp.guard.model import Phase, Policy, Seen, UplinkMemory

SOONEST_S = 0.01
# A verdict that lacks only another uplink's answer is looked at this often; the answer takes a round trip, say 30 ms.
EAGER_S = 0.03
EAGER_FOR_S = 1.0  # after that every uplink is dark, and the ordinary pace does


def due(looks: Mapping[str, Look], *, seen: Seen, policy: Policy) -> tuple[str, ...]:
    """The uplinks whose next probe is due. One in suspicion asks all: its verdict needs another that is alive."""
    if not seen.probing:
        return ()
    suspicion = any(_suspicious(each, policy) for each in looks.values())
    return tuple(
        name
        for name, each in looks.items()
        if each.memory.phase is not Phase.ABSENT and _is_due(each, suspicion=suspicion, now_s=seen.now_s, policy=policy)
    )


def trains_due(looks: Mapping[str, Look], *, seen: Seen, policy: Policy) -> tuple[str, ...]:
    """The uplinks to weigh with a train before they carry again: demoted ones that look fast, dead ones that answer."""
    if not seen.probing:
        return ()
    hurry = any(each.live and not each.memory.demoted and holds(each, policy) for each in looks.values())
    pause_s = policy.train_urgent_s if hurry else policy.train_s
    return tuple(
        name
        for name, each in looks.items()
        if _weighable(each.memory, seen.now_s, policy)
        and (
            _not_since(each.memory.train_s, each.memory.since_s)
            or _not_since(each.memory.train_s, seen.now_s - pause_s)
        )
    )


def _weighable(memory: UplinkMemory, now_s: float, policy: Policy) -> bool:
    if memory.phase is Phase.SUPPRESSED:
        return memory.probes.answered_since(max(memory.since_s, now_s - 2 * policy.probe_s))
    return memory.phase is Phase.LIVE and memory.demoted and memory.fast_since_s is not None


def _not_since(last_s: float | None, since_s: float) -> bool:
    return last_s is None or last_s <= since_s


def _is_due(subject: Look, *, suspicion: bool, now_s: float, policy: Policy) -> bool:
    last_s = subject.memory.probes.last_sent_s
    # A tenth less, so that a turn that comes a moment early does not put the probe off to the next.
    return last_s is None or now_s - last_s >= 0.9 * _pause_s(subject, suspicion=suspicion, now_s=now_s, policy=policy)


def _pause_s(subject: Look, *, suspicion: bool, now_s: float, policy: Policy) -> float:
    memory = subject.memory
    if memory.phase is Phase.SUPPRESSED:
        if memory.probes.answered_since(max(memory.since_s, now_s - 2 * policy.probe_s)):
            return policy.probe_proving_s
        return policy.probe_hunting_s if now_s - memory.since_s < policy.hunting_s else policy.probe_s
    if not suspicion:
        return policy.probe_s
    quiet_s = subject.silence_s or (now_s - (memory.missing_since_s or now_s))
    return policy.probe_urgent_s if quiet_s < policy.hunting_s else policy.probe_hunting_s


def _suspicious(subject: Look, policy: Policy) -> bool:
    if not subject.live:
        return False
    quiet = subject.silence_s is not None and subject.silence_s >= policy.suspicion_ratio * subject.limit_s
    return quiet or subject.memory.missing_since_s is not None


def again_s(looks: Mapping[str, Look], policy: Policy) -> float:
    """How long until the next look: the moment at which a suspicion would become a verdict is not slept through."""
    waits = [
        _wait_s(each, policy) for each in looks.values() if _suspicious(each, policy) and each.silence_s is not None
    ]
    waits += [EAGER_S for each in looks.values() if each.memory.holding_since_s is not None]
    return max(SOONEST_S, min([policy.look_s, *waits]))


def _wait_s(subject: Look, policy: Policy) -> float:
    left_s = subject.limit_s - (subject.silence_s or 0.0)
    if left_s > 0:
        return left_s
    return EAGER_S if left_s > -EAGER_FOR_S else policy.look_s
