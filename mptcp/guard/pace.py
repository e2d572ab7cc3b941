"""Uplinks that are alive but too slow for the latency budget: the backup flag, set and cleared. Pure."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace

from mptcp.guard.judging import Look, alive
from mptcp.guard.model import Action, Deed, Policy, Seen, UplinkMemory


def demotion(name: str, looks: Mapping[str, Look], *, seen: Seen, policy: Policy) -> tuple[UplinkMemory, Action | None]:
    """Demote an uplink that stays above the budget while another has half of it to spare; promote it when it is fast.

    A queue of our own making slows all uplinks alike, for the kernel fills them evenly; then the
    fast other is missing, and the stream is what must shrink. A subflow that is backup carries
    nothing, so afterwards only probes tell its round trip.
    """
    subject = looks[name]
    memory = replace(
        subject.memory,
        slow_since_s=_since(subject, subject.memory.slow_since_s, seen.now_s, slow=True, policy=policy),
        fast_since_s=_since(subject, subject.memory.fast_since_s, seen.now_s, slow=False, policy=policy),
    )
    if not subject.live or subject.rtt_s is None:
        return memory, None
    if memory.demoted:
        return _promoted(name, subject, memory, seen=seen, policy=policy)
    if subject.seen.backup or not _for(memory.slow_since_s, seen.now_s, policy.slow_s):
        return memory, None
    heir = next((other for other in looks if other != name and _could_carry(looks[other], seen, policy)), None)
    if heir is None:
        return memory, None
    evidence = (
        f"round trip {subject.rtt_s:.2f} s for {policy.slow_s:.0f} s (budget {policy.budget_s:.2f} s), {heir} is fast"
    )
    calm = memory.promoted_s is not None and seen.now_s - memory.promoted_s >= policy.calm_s
    demotions = 1 if calm else memory.demotions + 1
    return replace(memory, demoted=True, demotions=demotions, fast_since_s=None), Action(Deed.DEMOTE, name, evidence)


def _promoted(
    name: str, subject: Look, memory: UplinkMemory, *, seen: Seen, policy: Policy
) -> tuple[UplinkMemory, Action | None]:
    if not subject.seen.backup:  # the operator cleared the flag
        return replace(memory, demoted=False), None
    proof_s = min(policy.fast_s * 2.0 ** (memory.demotions - 1), policy.fast_most_s)
    if not _for(memory.fast_since_s, seen.now_s, proof_s):
        return memory, None
    evidence = f"round trip {subject.rtt_s:.2f} s, below the budget for {proof_s:.0f} s"
    promoted = replace(memory, demoted=False, slow_since_s=None, promoted_s=seen.now_s)
    return promoted, Action(Deed.PROMOTE, name, evidence)


def _since(subject: Look, since_s: float | None, now_s: float, *, slow: bool, policy: Policy) -> float | None:
    if subject.rtt_s is None:
        return None
    holds = subject.rtt_s > policy.budget_s if slow else subject.rtt_s <= policy.fast_ratio * policy.budget_s
    return (now_s if since_s is None else since_s) if holds else None


def _for(since_s: float | None, now_s: float, length_s: float) -> bool:
    return since_s is not None and now_s - since_s >= length_s


def _could_carry(other: Look, seen: Seen, policy: Policy) -> bool:
    fast = other.rtt_s is not None and other.rtt_s <= policy.budget_s / 2
    return fast and not other.seen.backup and not other.memory.demoted and alive(other, now_s=seen.now_s, policy=policy)
