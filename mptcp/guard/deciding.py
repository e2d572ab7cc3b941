"""The guard's decision: memory and one look in, next memory and actions out. Pure; time comes with the look.

An endpoint is deleted only while another uplink is seen alive, so the last live one is never touched.
What was deleted comes back when it answers steadily, at once when nothing else is alive, and after a
while when there is nobody to ask.
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping
from dataclasses import replace
from functools import partial

from mptcp.guard import connections, probing
from mptcp.guard.detour import detour
from mptcp.guard.flow import Flow, kbps
from mptcp.guard.judging import Look, alive, death, failing, look, waiting_since
from mptcp.guard.model import Action, Connection, Decision, Deed, Phase, Policy, Seen, State, UplinkMemory
from mptcp.guard.pace import demoted, demotion

Looks = Mapping[str, Look]
Step = tuple[UplinkMemory, Action | None]


def decide(state: State, seen: Seen, policy: Policy) -> Decision:
    """One turn of the guard."""
    since_s = waiting_since(state, seen)
    bonded = connections.bonded(state.connections, seen)
    looks = {
        name: look(name, _recalled(name, state, seen), seen=seen, since_s=since_s, policy=policy)
        for name in seen.uplinks
    }
    actions: list[Action] = []
    for turn in (_mourn, _revive, partial(_renew, bonded=bonded), demotion, detour):
        for name in seen.uplinks:
            memory, action = turn(name, looks, seen=seen, policy=policy)
            looks[name] = replace(looks[name], memory=memory)
            actions += [action] if action else []
    answering_s = max((_answering_s(each, seen.now_s) for each in looks.values()), default=0.0)
    watched, resets = connections.watch(state.connections, seen, policy, answering_s=answering_s)
    probes = probing.due(looks, seen=seen, policy=policy)
    trains = probing.trains_due(looks, seen=seen, policy=policy)
    memories = {
        name: _after(each.memory, probed=name in probes, weighed=name in trains, now_s=seen.now_s)
        for name, each in looks.items()
    }
    again_s = probing.again_s(looks, policy)
    return Decision(State(memories, since_s, watched), (*actions, *resets), probes, again_s, trains)


def _answering_s(subject: Look, now_s: float) -> float:
    """For how long a live uplink with a subflow has answered every probe."""
    since_s = subject.memory.probes.answering_since_s(now_s)
    return now_s - since_s if subject.live and subject.subflows and since_s is not None else 0.0


def _after(memory: UplinkMemory, *, probed: bool, weighed: bool, now_s: float) -> UplinkMemory:
    probes = memory.probes.and_sent(now_s) if probed else memory.probes
    return replace(memory, probes=probes, train_s=now_s if weighed else memory.train_s)


def _recalled(name: str, state: State, seen: Seen) -> UplinkMemory:
    """The uplink's memory, brought in line with what the operator has done to its endpoint, and new answers."""
    memory, now = state.uplinks.get(name, UplinkMemory()), seen.uplinks[name]
    for answer in seen.answers:
        if answer.uplink == name:
            memory = replace(memory, probes=memory.probes.and_answered(answer))
    newest = max((each for each in seen.weighed if each.uplink == name), key=lambda each: each.sent_s, default=None)
    memory = replace(memory, weighed=newest or memory.weighed, flow=_flow(name, memory, seen))
    if now.endpoint and memory.phase is not Phase.LIVE:
        return replace(memory, phase=Phase.LIVE, since_s=seen.now_s)
    if not now.endpoint and (memory.phase is Phase.LIVE or not now.addressed):
        return UplinkMemory(since_s=seen.now_s, probes=memory.probes)
    return memory


def _flow(name: str, memory: UplinkMemory, seen: Seen) -> Flow:
    own = [subflow for subflow in seen.subflows if subflow.uplink == name]
    return memory.flow.and_seen(
        seen.now_s,
        delivered={subflow.key: subflow.delivered for subflow in own},
        waiting=sum(subflow.waiting for subflow in own),
        rate=sum(subflow.rate or 0.0 for subflow in own),
    )


def _mourn(name: str, looks: Looks, *, seen: Seen, policy: Policy) -> Step:
    """Suppress a dead uplink; one that was revived a short while ago is flapping."""
    memory = looks[name].memory
    evidence = death(name, looks, now_s=seen.now_s, policy=policy)
    if evidence is None:
        return memory, None
    flapping = memory.revived_s is not None and seen.now_s - memory.revived_s < policy.flap_s
    calm = seen.now_s - memory.since_s >= policy.calm_s
    flaps = memory.flaps + 1 if flapping else 0 if calm else memory.flaps
    if flaps:
        evidence += f"; death number {flaps + 1} in a row"
    gone = replace(memory, phase=Phase.SUPPRESSED, since_s=seen.now_s, flaps=flaps, missing_since_s=None)
    return gone, Action(Deed.SUPPRESS, name, evidence)


def _revive(name: str, looks: Looks, *, seen: Seen, policy: Policy) -> Step:
    memory = looks[name].memory
    if memory.phase is not Phase.SUPPRESSED:
        return memory, None
    evidence = next(_reasons_to_revive(name, looks, seen=seen, policy=policy), None)
    if evidence is None:
        return memory, None
    back = replace(memory, phase=Phase.LIVE, since_s=seen.now_s, revived_s=seen.now_s, renewed_s=seen.now_s)
    shown = None if memory.weighed is None or memory.weighed.sent_s < memory.since_s else memory.weighed.rate
    if shown is not None and shown < policy.worth_rate and not memory.demoted:
        back = demoted(back, seen.now_s, policy)
    if back.demoted:
        evidence += ", as a backup"
    if shown is not None:
        evidence += f"; a train passed at {kbps(shown)} kbit/s"
    return back, Action(Deed.REVIVE, name, evidence)


def _reasons_to_revive(name: str, looks: Looks, *, seen: Seen, policy: Policy) -> Iterator[str]:
    memory, now_s = looks[name].memory, seen.now_s
    proof_s = min(policy.steady_s * policy.steady_growth**memory.flaps, policy.steady_most_s)
    weighed = memory.weighed is not None and memory.weighed.sent_s >= memory.since_s
    if weighed and memory.probes.steady(now_s, since_s=memory.since_s, for_s=proof_s):
        yield f"answered steadily for {proof_s:.2g} s"
    others = [other for other in looks if other != name and looks[other].live]
    answered = memory.probes.answered_since(max(memory.since_s, now_s - 1.0))
    if answered and all(failing(looks[other], now_s=now_s, policy=policy) for other in others):
        yield "answered once, and nothing else is alive"
    trial_s = min(policy.trial_s * policy.steady_growth**memory.flaps, policy.trial_most_s)
    if now_s - memory.since_s >= trial_s and not _askable(name, looks, seen=seen, policy=policy):
        yield f"tried again after {trial_s:.0f} s, for no responder answers"


def _askable(name: str, looks: Looks, *, seen: Seen, policy: Policy) -> bool:
    """Whether silence of the probes means anything: they once came back, and other uplinks' probes still do."""
    if not seen.probing or not looks[name].memory.probes.proven:
        return False
    others = [other for other in looks.values() if other.live and alive(other, now_s=seen.now_s, policy=policy)]
    silent = [other for other in others if other.memory.probes.lost_in_a_row(seen.now_s) >= policy.idle_losses]
    return not others or len(silent) < len(others)


def _renew(name: str, looks: Looks, *, seen: Seen, policy: Policy, bonded: tuple[Connection, ...]) -> Step:
    """Give a live uplink a new subflow: when it answers while TCP waits for its timer, or when its subflow is gone."""
    subject, memory, now_s = looks[name], looks[name].memory, seen.now_s
    if not subject.live:
        return memory, None
    missing = bool(connections.without(subject.subflows, bonded))
    memory = replace(memory, missing_since_s=(memory.missing_since_s or now_s) if missing else None)
    since_s = math.inf if memory.renewed_s is None else now_s - memory.renewed_s
    stalled = _stalled(subject, now_s, policy) if since_s >= policy.renew_pause_s else None
    if stalled is not None:
        return replace(memory, renewed_s=now_s), Action(Deed.RENEW, name, stalled)
    lost = _lost(memory, now_s, policy) if since_s >= _pause_s(memory, policy) else None
    if lost is not None:
        renewed = replace(memory, renewals=memory.renewals + 1, renewed_s=now_s, missing_since_s=None)
        return renewed, Action(Deed.RENEW, name, lost)
    return (replace(memory, renewals=0) if not missing and since_s >= policy.flap_s else memory), None


def _pause_s(memory: UplinkMemory, policy: Policy) -> float:
    return min(policy.renew_pause_s * 2.0**memory.renewals, policy.missing_most_s)


def _stalled(subject: Look, now_s: float, policy: Policy) -> str | None:
    waits = [subflow.rto_s or 0.0 for subflow in subject.subflows if subflow.backoff >= policy.renew_backoff]
    if max(waits, default=0.0) < policy.renew_rto_s or not subject.silent or not subject.answered_in_silence(now_s):
        return None
    return f"answers, while its subflow is silent for {subject.silence_s:.2f} s and waits up to {max(waits):.1f} s more"


def _lost(memory: UplinkMemory, now_s: float, policy: Policy) -> str | None:
    gone_s = 0.0 if memory.missing_since_s is None else now_s - memory.missing_since_s
    answers = memory.probes.answered_since(now_s - policy.missing_s) or not memory.probes.proven
    if gone_s < policy.missing_s or not answers:
        return None
    return f"a connection has had no subflow on it for {gone_s:.1f} s"
