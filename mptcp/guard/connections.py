"""Connections that hang although an uplink carries, and connections that lack a subflow. Pure."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace

from mptcp.guard.model import Action, Connection, ConnectionMemory, Deed, Policy, Seen, Subflow

Memories = Mapping[int, ConnectionMemory]


def without(subflows: tuple[Subflow, ...], seen: Seen) -> list[Connection]:
    """The connections that have none of these subflows, those on plain TCP left out: they can have no second one."""
    served = {subflow.connection for subflow in subflows}
    return [each for each in seen.connections if each.key not in served and not each.fell_back]


def watch(memories: Memories, seen: Seen, policy: Policy) -> tuple[dict[int, ConnectionMemory], list[Action]]:
    """Follow each connection's progress; a reset for each that stands still while its subflows acknowledge.

    That is a hole in the data that the peer cannot take in although it arrives, mostly for want of
    receive memory. Neither healing nor new subflows end it; a new connection does.
    """
    followed: dict[int, ConnectionMemory] = {}
    actions: list[Action] = []
    for connection in seen.connections:
        acked = sum(subflow.acked_bytes for subflow in seen.subflows if subflow.connection == connection.key)
        memory = _followed(memories.get(connection.key), connection, acked, now_s=seen.now_s, gap_s=policy.stuck_gap_s)
        evidence = _stuck(memory, seen.now_s, policy)
        if evidence is not None:
            memory = replace(memory, reset_s=seen.now_s)
            actions.append(Action(Deed.RESET, "", f"{connection.backlog_bytes} bytes {evidence}", connection.key))
        followed[connection.key] = memory
    return followed, actions


def _followed(
    memory: ConnectionMemory | None, connection: Connection, acked: int, *, now_s: float, gap_s: float
) -> ConnectionMemory:
    if memory is None:
        return ConnectionMemory(connection.acked_to, acked)
    afresh = ConnectionMemory(connection.acked_to, acked, reset_s=memory.reset_s)
    # A subflow that closes takes its count along, so the sum may fall: start over, the wait costs less than an error.
    if connection.acked_to != memory.acked_to or connection.backlog_bytes == 0 or acked < memory.subflow_bytes:
        return afresh
    if acked > memory.subflow_bytes:
        since_s = now_s if memory.progress_since_s is None else memory.progress_since_s
        more = memory.progress_bytes + acked - memory.subflow_bytes
        return replace(memory, subflow_bytes=acked, progress_since_s=since_s, progress_s=now_s, progress_bytes=more)
    return afresh if memory.progress_s is not None and now_s - memory.progress_s > gap_s else memory


def _stuck(memory: ConnectionMemory, now_s: float, policy: Policy) -> str | None:
    if memory.progress_since_s is None or now_s - memory.progress_since_s < policy.stuck_s:
        return None
    if memory.reset_s is not None and now_s - memory.reset_s < policy.stuck_pause_s:
        return None
    stood_s = now_s - memory.progress_since_s
    return (
        f"wait and none is acknowledged end to end for {stood_s:.1f} s, "
        f"while its subflows acknowledged {memory.progress_bytes}"
    )
