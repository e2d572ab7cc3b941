"""Uplinks that are alive but too slow for the latency budget: the backup flag, set and cleared. Pure."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import replace

from mptcp.guard.flow import kbps
from mptcp.guard.judging import Look, alive, failing, holds
from mptcp.guard.model import Action, Deed, Policy, Seen, UplinkMemory
from mptcp.guard.train import Weighed


def demotion(name: str, looks: Mapping[str, Look], *, seen: Seen, policy: Policy) -> tuple[UplinkMemory, Action | None]:
    """Demote an uplink that stays above the budget while another has half of it to spare; promote it when it is fast.

    A queue of our own making slows all uplinks alike, for the kernel fills them evenly; then the
    fast other is missing, and the stream is what must shrink. A subflow that is backup carries
    nothing, so afterwards only probes tell its round trip, and trains of them its rate.
    """
    subject = looks[name]
    memory = replace(
        subject.memory,
        slow_since_s=_since(subject, subject.memory.slow_since_s, seen.now_s, slow=True, policy=policy),
        fast_since_s=_since(subject, subject.memory.fast_since_s, seen.now_s, slow=False, policy=policy),
    )
    if not subject.live:
        return memory, None
    if memory.demoted:
        return _promoted(name, looks, memory, seen=seen, policy=policy)
    if subject.rtt_s is None or subject.seen.backup or not _for(memory.slow_since_s, seen.now_s, policy.slow_s):
        return memory, None
    heir = next((other for other in looks if other != name and _could_carry(looks[other], seen, policy)), None)
    if heir is None:
        return memory, None
    evidence = (
        f"round trip {subject.rtt_s:.2f} s for {policy.slow_s:.0f} s (budget {policy.budget_s:.2f} s), {heir} is fast"
    )
    return demoted(memory, seen.now_s, policy), Action(Deed.DEMOTE, name, evidence)


def demoted(memory: UplinkMemory, now_s: float, policy: Policy) -> UplinkMemory:
    """The memory of an uplink that becomes a backup now: once more in a row, unless it was well for a calm time."""
    calm = memory.promoted_s is not None and now_s - memory.promoted_s >= policy.calm_s
    return replace(
        memory,
        demoted=True,
        demotions=1 if calm else memory.demotions + 1,
        demoted_s=now_s,
        slow_since_s=None,
        fast_since_s=None,
        weighed=None,
    )


def _promoted(
    name: str, looks: Mapping[str, Look], memory: UplinkMemory, *, seen: Seen, policy: Policy
) -> tuple[UplinkMemory, Action | None]:
    if not looks[name].seen.backup:  # the operator cleared the flag
        return replace(memory, demoted=False), None
    evidence = _reason_to_promote(name, looks, memory, seen=seen, policy=policy)
    if evidence is None:
        return memory, None
    promoted = replace(memory, demoted=False, slow_since_s=None, promoted_s=seen.now_s)
    return promoted, Action(Deed.PROMOTE, name, evidence)


def _reason_to_promote(
    name: str, looks: Mapping[str, Look], memory: UplinkMemory, *, seen: Seen, policy: Policy
) -> str | None:
    if not seen.probing:
        trial_s = min(policy.trial_s * policy.steady_growth**memory.demotions, policy.trial_most_s)
        tried = seen.now_s - (memory.demoted_s or 0.0) >= trial_s
        return f"tried again after {trial_s:.0f} s, for there is no responder to ask" if tried else None
    now_s, rtt_s = seen.now_s, looks[name].rtt_s
    fast_s = 0.0 if memory.fast_since_s is None else now_s - memory.fast_since_s
    if not fast_s or rtt_s is None:
        return None
    round_trip = f"round trip {rtt_s:.2f} s"
    others = [each for other, each in looks.items() if other != name and each.live and not each.memory.demoted]
    if all(failing(each, now_s=now_s, policy=policy) for each in others):
        return f"{round_trip}, and no other uplink is alive"
    shown = _shown(memory.weighed, now_s, fast_s, policy)
    if shown is None:
        return None
    if all(failing(each, now_s=now_s, policy=policy) or holds(each, policy) for each in others):
        return f"{round_trip}, {shown}, and no other uplink is fast"
    proof_s = min(policy.fast_s * 2.0 ** (memory.demotions - 1), policy.fast_most_s)
    return f"{round_trip}, below the budget for {proof_s:.0f} s, and {shown}" if fast_s >= proof_s else None


def _shown(weighed: Weighed | None, now_s: float, fast_s: float, policy: Policy) -> str | None:
    """What a train showed since the uplink looks fast, if that is enough; after a long time anything is."""
    if weighed is None or now_s - weighed.sent_s > fast_s:
        return None
    enough = weighed.rate >= policy.worth_rate or fast_s >= policy.fast_most_s
    return f"a train passed at {kbps(weighed.rate)} kbit/s" if enough else None


def _since(subject: Look, since_s: float | None, now_s: float, *, slow: bool, policy: Policy) -> float | None:
    if subject.rtt_s is None:
        return None
    fast = subject.rtt_s <= policy.fast_ratio * policy.budget_s
    # Behind a modem at 0.3 Mbit/s round trips go up and down between 0.25 and 0.4 s: that is slow throughout.
    is_slow = subject.rtt_s > policy.budget_s or (since_s is not None and not fast)
    return (now_s if since_s is None else since_s) if (is_slow if slow else fast) else None


def _for(since_s: float | None, now_s: float, length_s: float) -> bool:
    return since_s is not None and now_s - since_s >= length_s


def _could_carry(other: Look, seen: Seen, policy: Policy) -> bool:
    fast = other.rtt_s is not None and other.rtt_s <= policy.budget_s / 2
    takes_part = not other.seen.backup and not other.memory.demoted
    # One that has just come back is fast for want of load, and the other slow because it had all of it.
    back_s = max(other.memory.promoted_s or -math.inf, other.memory.revived_s or -math.inf)
    settled = seen.now_s - back_s >= policy.slow_s
    return fast and takes_part and settled and alive(other, now_s=seen.now_s, policy=policy)
