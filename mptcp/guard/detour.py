"""Uplinks that hold the whole stream up: what is bound to one would be there sooner by the others. Pure.

A subflow keeps what the kernel has given it. Behind an uplink that has become slow that takes seconds,
in which all that comes after it waits at the receiver, and soon nothing more is sent: the fast uplinks
idle. No flag helps against it; closing the subflow does, for then the kernel sends it all elsewhere.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace

from mptcp.guard.flow import kbps
from mptcp.guard.judging import Look, alive, held_rate, holds
from mptcp.guard.model import Action, Deed, Policy, Seen, UplinkMemory
from mptcp.guard.pace import demoted

SEGMENT_BYTES = 1_500
LEAST_RATE = float(SEGMENT_BYTES)  # bytes/s: what nothing was delivered of has to be divided by something


def detour(name: str, looks: Mapping[str, Look], *, seen: Seen, policy: Policy) -> tuple[UplinkMemory, Action | None]:
    """Replace the subflow of an uplink that holds the stream up by a backup one, over which new data does not go.

    It becomes a full one again as any that was too slow does: `mptcp.guard.pace`.
    """
    subject, memory = looks[name], looks[name].memory
    evidence = _holding(name, looks, seen=seen, policy=policy)
    if evidence is None:
        return replace(memory, holding_since_s=None), None
    memory = replace(memory, holding_since_s=seen.now_s if memory.holding_since_s is None else memory.holding_since_s)
    held_s = seen.now_s - (memory.holding_since_s or seen.now_s)
    if held_s < policy.holding_s or not _crawls(subject, policy):
        return memory, None
    slow = memory if memory.demoted else demoted(memory, seen.now_s, policy)
    gone = replace(slow, holding_since_s=None, renewed_s=seen.now_s)
    return gone, Action(Deed.DETOUR, name, evidence)


def _holding(name: str, looks: Mapping[str, Look], *, seen: Seen, policy: Policy) -> str | None:
    """The evidence that the stream waits for the uplink, and would not if the others carried what is bound to it."""
    subject = looks[name]
    flow = subject.memory.flow
    theirs_to_set = subject.seen.backup and not subject.memory.demoted  # the operator's flag
    rate = held_rate(subject, policy)
    if not subject.live or theirs_to_set or rate is None:
        return None
    heirs = [other for other in looks if other != name and _carries(looks[other], seen.now_s, policy)]
    room = sum(looks[heir].memory.flow.best_rate for heir in heirs)
    if not room:
        return None
    # All that is not acknowledged end to end is sent again, also what the others have delivered already.
    again_s = sum(connection.backlog_bytes for connection in seen.connections) / room
    wait_s = flow.waiting / max(rate, LEAST_RATE)
    if wait_s < max(policy.late_s, policy.late_ratio * again_s):
        return None
    return (
        f"{flow.waiting} bytes wait for it and take {wait_s:.1f} s at {kbps(rate)} kbit/s"
        f", {again_s:.1f} s over {' and '.join(heirs)}"
    )


def _crawls(subject: Look, policy: Policy) -> bool:
    """Whether acknowledgements still come, as often as they can at this rate."""
    rate = held_rate(subject, policy)
    if not rate or subject.ack_age_s is None:
        return False
    return subject.ack_age_s <= policy.crawling_segments * SEGMENT_BYTES / rate


def _carries(other: Look, now_s: float, policy: Policy) -> bool:
    """Whether what is taken off another uplink could go over this one."""
    takes_part = not other.seen.backup and not other.memory.demoted
    return takes_part and not holds(other, policy) and alive(other, now_s=now_s, policy=policy)
