"""What one look says of each uplink: silent, dead, alive, slow. Pure.

The kernel goes on calling a dead subflow ESTABLISHED and shows its last good round trip for ever;
what betrays it is data that stays unacknowledged while the time since the last acknowledgement grows.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass

from mptcp.guard.model import Phase, Policy, Seen, State, Subflow, UplinkMemory, UplinkSeen

FRESH_ACK_S = 1.0  # the smoothed round trip is of then, and stays as it was for ever on a dead subflow
FRESH_PROBE_S = 2.0  # two idle probes


@dataclass(frozen=True, slots=True)
class Look:
    """An uplink at one moment.

    `silence_s` is how long data has been waiting without any acknowledgement on the uplink, None
    when none waits; `limit_s` the silence that means death; `ack_age_s` the age of the newest
    acknowledgement; `rtt_s` a round trip not older than a second, of the stream or of a probe.
    """

    seen: UplinkSeen
    memory: UplinkMemory
    subflows: tuple[Subflow, ...]
    silence_s: float | None
    limit_s: float
    ack_age_s: float | None
    rtt_s: float | None

    @property
    def live(self) -> bool:
        """Whether the uplink takes part."""
        return self.memory.phase is Phase.LIVE

    @property
    def silent(self) -> bool:
        """Whether data waits longer than any living uplink lets it."""
        return self.silence_s is not None and self.silence_s >= self.limit_s

    def answered_in_silence(self, now_s: float) -> bool:
        """Whether a probe came back that was sent after the silence began: TCP stalls, the path does not."""
        return self.silence_s is not None and self.memory.probes.answered_since(now_s - self.silence_s)


def waiting_since(state: State, seen: Seen) -> dict[int, float]:
    """For each subflow with unacknowledged data, since when that is so, as far as looks can tell."""
    return {
        subflow.key: state.waiting_since_s.get(subflow.key, seen.now_s) for subflow in seen.subflows if subflow.unacked
    }


def look(name: str, memory: UplinkMemory, *, seen: Seen, since_s: Mapping[int, float], policy: Policy) -> Look:
    """Judge one uplink by its rows and probes."""
    subflows = tuple(subflow for subflow in seen.subflows if subflow.uplink == name)
    waits = [_waiting_s(subflow, since_s[subflow.key], seen.now_s) for subflow in subflows if subflow.unacked]
    ages = [subflow.ack_age_s for subflow in subflows]
    rtts = [subflow.rtt_s for subflow in subflows if subflow.rtt_s is not None]
    return Look(
        seen=seen.uplinks[name],
        memory=memory,
        subflows=subflows,
        # An acknowledgement on any subflow of the uplink ends the silence of all: they share the path.
        silence_s=min(*waits, *ages) if waits else None,
        limit_s=max(policy.silence_s, policy.silence_rtts * max(rtts, default=0.0), *map(_timer_s, subflows)),
        ack_age_s=min(ages, default=None),
        rtt_s=_fresh_rtt_s(subflows, memory, seen.now_s),
    )


def _timer_s(subflow: Subflow) -> float:
    """The retransmission timer before its doublings: what the kernel, which knows how round trips vary, waits for."""
    return 0.0 if subflow.rto_s is None else subflow.rto_s / 2.0**subflow.backoff


def _waiting_s(subflow: Subflow, since_s: float, now_s: float) -> float:
    """How long the subflow's data waits, at least.

    The last acknowledgement may be old only because nothing was sent. The retransmission timer
    knows better than our looks when the wait began: n doublings of it have run out in full.
    """
    by_timer = 0.0
    if subflow.rto_s is not None and subflow.backoff:
        by_timer = subflow.rto_s * (1 - 2.0**-subflow.backoff)
    return min(subflow.ack_age_s, max(now_s - since_s, by_timer))


def _fresh_rtt_s(subflows: tuple[Subflow, ...], memory: UplinkMemory, now_s: float) -> float | None:
    """The smoothed round trip of the subflow that acknowledged last, if it just did; else that of the last probe."""
    acking = min((subflow for subflow in subflows), key=lambda subflow: subflow.ack_age_s, default=None)
    if acking is not None and acking.ack_age_s <= FRESH_ACK_S and acking.rtt_s is not None:
        return acking.rtt_s
    newest = memory.probes.newest_answered
    return newest.rtt_s if newest is not None and now_s - newest.at_s <= FRESH_PROBE_S else None


def alive(candidate: Look, *, now_s: float, policy: Policy) -> bool:
    """Whether the uplink could take over: it acknowledged, or answered a probe, within `alive_s` and a round trip."""
    if not candidate.live or candidate.silent:
        return False
    if candidate.ack_age_s is not None and candidate.ack_age_s <= policy.alive_s:
        return True
    newest = candidate.memory.probes.newest_answered
    return newest is not None and newest.rtt_s is not None and now_s - newest.at_s <= policy.alive_s + newest.rtt_s


def held_rate(subject: Look, policy: Policy) -> float | None:
    """The uplink's own rate in bytes/s, known while data waits for it; the first answer takes a round trip."""
    trips = [subflow.least_rtt_s or 0.0 for subflow in subject.subflows]
    return subject.memory.flow.held_rate(max(policy.holding_span_s, 2 * max(trips, default=0.0)))


def holds(subject: Look, policy: Policy) -> bool:
    """Whether what waits on an uplink takes longer than it may."""
    rate = held_rate(subject, policy)
    return rate is not None and subject.memory.flow.waiting > policy.late_s * rate


def failing(candidate: Look, *, now_s: float, policy: Policy) -> bool:
    """Whether there is evidence that the uplink carries nothing: silence, or lost probes with no acknowledgement."""
    return candidate.silent or _unanswering(candidate, now_s=now_s, policy=policy) >= policy.idle_losses


def _unanswering(candidate: Look, *, now_s: float, policy: Policy, since_s: float = -math.inf) -> int:
    """Probes lost in a row; 0 where they tell nothing, because the uplink acknowledges or never answered one."""
    quiet = candidate.ack_age_s is None or candidate.ack_age_s > policy.probe_s * policy.idle_losses
    probes = candidate.memory.probes
    return probes.lost_in_a_row(now_s, since_s) if quiet and probes.proven else 0


def death(name: str, looks: Mapping[str, Look], *, now_s: float, policy: Policy) -> str | None:
    """The evidence that the uplink is dead while another lives; None when it is not, or when it is the last."""
    subject = looks[name]
    heirs = [other for other in looks if other != name and alive(looks[other], now_s=now_s, policy=policy)]
    if not subject.live or not heirs or subject.answered_in_silence(now_s):
        return None
    if subject.silent:
        out = sum(subflow.unacked for subflow in subject.subflows)
        return (
            f"no acknowledgement for {subject.silence_s:.2f} s (limit {subject.limit_s:.2f} s) with {out} segments out"
            f", while {heirs[0]} is alive"
        )
    for heir in heirs:
        # What was lost before the other began to answer both may have lost alike: one dark place, one responder.
        since_s = looks[heir].memory.probes.answering_since_s(now_s)
        if since_s is None:
            continue
        lost = _unanswering(subject, now_s=now_s, policy=policy, since_s=since_s)
        if lost >= policy.idle_losses:
            return f"idle, and {lost} probes in a row unanswered, while {heir} is alive"
    return None
