"""Connections that hang although an uplink carries, and connections that lack a subflow. Pure."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace

from mptcp.guard.model import Action, Connection, ConnectionMemory, Deed, Policy, Seen, Subflow

Memories = Mapping[int, ConnectionMemory]


def bonded(memories: Memories, seen: Seen) -> tuple[Connection, ...]:
    """The connections that should have a subflow on each uplink.

    Not those on plain TCP, which can have no second one, and not those that were reset: a new subflow
    would keep them from ending.
    """
    doomed = {key for key, memory in memories.items() if memory.reset_s is not None}
    return tuple(each for each in seen.connections if not each.fell_back and each.key not in doomed)


def without(subflows: tuple[Subflow, ...], connections: tuple[Connection, ...]) -> list[Connection]:
    """The connections that have none of these subflows."""
    served = {subflow.connection for subflow in subflows}
    return [each for each in connections if each.key not in served]


def watch(
    memories: Memories, seen: Seen, policy: Policy, *, answering_s: float
) -> tuple[dict[int, ConnectionMemory], list[Action]]:
    """Follow each connection's progress; a reset for each that stands still although an uplink carries.

    That is a hole in the data that the peer cannot take in although it arrives, for want of receive
    memory. Its subflows acknowledge repetitions, or, when there is no room even for these, nothing,
    while probes come back: `answering_s` is for how long some live uplink has answered all of them.
    Neither healing nor new subflows end it; a new connection does.
    """
    followed: dict[int, ConnectionMemory] = {}
    actions: list[Action] = []
    for connection in seen.connections:
        own = [subflow for subflow in seen.subflows if subflow.connection == connection.key]
        acked = sum(subflow.acked_bytes for subflow in own)
        memory = _followed(memories.get(connection.key), connection, acked, now_s=seen.now_s, gap_s=policy.stuck_gap_s)
        stands = bool(own) and connection.backlog_bytes > 0
        evidence = _stuck(memory, seen.now_s, policy, answering_s=answering_s) if stands else None
        if evidence is not None:
            memory = replace(memory, reset_s=seen.now_s)
            actions.append(Action(Deed.RESET, "", f"{connection.backlog_bytes} bytes {evidence}", connection.key))
        followed[connection.key] = memory
    return followed, actions


def _followed(
    memory: ConnectionMemory | None, connection: Connection, acked: int, *, now_s: float, gap_s: float
) -> ConnectionMemory:
    moved = memory is None or connection.acked_to != memory.acked_to or connection.backlog_bytes == 0
    if memory is None or moved:
        return ConnectionMemory(connection.acked_to, now_s, acked, quiet_since_s=now_s)
    if acked < memory.subflow_bytes:  # a subflow that closes takes its count along
        return replace(memory, subflow_bytes=acked, progress_since_s=None, progress_bytes=0)
    # A new subflow's handshake counts one byte, which is no progress.
    if acked > memory.subflow_bytes + 1:
        since_s = now_s if memory.progress_since_s is None else memory.progress_since_s
        more = memory.progress_bytes + acked - memory.subflow_bytes
        return replace(memory, subflow_bytes=acked, quiet_since_s=now_s, progress_since_s=since_s, progress_bytes=more)
    if now_s - memory.quiet_since_s > gap_s:
        return replace(memory, subflow_bytes=acked, progress_since_s=None, progress_bytes=0)
    return replace(memory, subflow_bytes=acked)


def _stuck(memory: ConnectionMemory, now_s: float, policy: Policy, *, answering_s: float) -> str | None:
    stood_s = now_s - memory.since_s
    wait = f"wait and none is acknowledged end to end for {stood_s:.1f} s"
    if memory.reset_s is not None:
        return f"{wait}, and the connection lives on" if now_s - memory.reset_s >= policy.stuck_pause_s else None
    repeated_s = 0.0 if memory.progress_since_s is None else now_s - memory.progress_since_s
    if repeated_s >= policy.stuck_s and memory.progress_bytes <= policy.stuck_bytes_per_s * repeated_s:
        return f"{wait}, while its subflows acknowledged {memory.progress_bytes}"
    if min(now_s - memory.quiet_since_s, answering_s) >= policy.deaf_s:
        return f"{wait}, while an uplink answers probes"
    return None
