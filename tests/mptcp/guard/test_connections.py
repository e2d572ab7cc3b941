"""Connections that hang, and connections without a subflow."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import replace

from mptcp.guard.connections import bonded, watch, without
from mptcp.guard.model import Action, Connection, ConnectionMemory, Deed, Policy, Seen, Subflow

POLICY = Policy()
SUBFLOW = Subflow(1, 7, "att", unacked=5, ack_age_s=0.02, acked_bytes=1000)


class Tape:
    """Looks at one connection every tenth of a second."""

    def __init__(self) -> None:
        self.now_s = 0.0
        self.memory: Mapping[int, ConnectionMemory] = {}
        self.actions: list[tuple[float, Action]] = []
        self.acked_to = 5000
        self.acked_bytes = 1000
        self.has_subflow = True

    def run(
        self,
        length_s: float,
        *,
        progress: int,
        subflow_progress: int,
        backlog: int = 40_000,
        answering_s: float = 0.0,
    ) -> None:
        """So many bytes are acknowledged at each look, end to end and by the subflow."""
        for _ in range(round(length_s * 10)):
            self.now_s += 0.1
            self.acked_to += progress
            self.acked_bytes += subflow_progress
            seen = Seen(
                self.now_s,
                {},
                (replace(SUBFLOW, acked_bytes=self.acked_bytes),) if self.has_subflow else (),
                (Connection(7, self.acked_to, backlog),),
            )
            self.memory, actions = watch(self.memory, seen, POLICY, answering_s=answering_s)
            self.actions += [(self.now_s, action) for action in actions]


def test_stuck_connection_is_reset_after_five_seconds() -> None:
    """Its subflow acknowledges repetitions, and not one new byte arrives end to end."""
    tape = Tape()
    tape.run(2, progress=3000, subflow_progress=3000)
    tape.run(4.8, progress=0, subflow_progress=700)
    assert tape.actions == []

    tape.run(0.5, progress=0, subflow_progress=700)
    assert [action.deed for _, action in tape.actions] == [Deed.RESET]
    assert tape.actions[0][1].connection == 7
    assert re.match(
        r"40000 bytes wait and none is acknowledged end to end for 5\.\d s, while its subflows acknowledged \d+",
        tape.actions[0][1].evidence,
    )


def test_reset_waits_for_its_effect() -> None:
    """The program needs the kernel's close time-out to learn of it; meanwhile the connection has no subflows."""
    tape = Tape()
    tape.run(5.5, progress=0, subflow_progress=700)
    assert len(tape.actions) == 1

    tape.has_subflow = False
    tape.run(10, progress=0, subflow_progress=0, answering_s=60)
    assert len(tape.actions) == 1


def test_reset_connection_that_gets_a_subflow_is_reset_again() -> None:
    """An endpoint that is added gives one to every connection, and so keeps the stuck one alive."""
    tape = Tape()
    tape.run(7.8, progress=0, subflow_progress=700)
    assert [action.evidence.endswith("lives on") for _, action in tape.actions] == [False, True, True]

    tape.run(0.1, progress=5000, subflow_progress=5000)
    tape.run(4, progress=0, subflow_progress=700)
    assert len(tape.actions) == 3


def test_black_out_is_not_stuck() -> None:
    """Nothing is acknowledged at all: the uplinks are the trouble, not the connection."""
    tape = Tape()
    tape.run(60, progress=0, subflow_progress=0)

    assert tape.actions == []


def test_single_acknowledgement_after_a_black_out_is_not_stuck() -> None:
    """A new subflow's handshake counts a byte; that is no progress without an end."""
    tape = Tape()
    tape.run(10, progress=0, subflow_progress=0)
    tape.run(0.1, progress=0, subflow_progress=1)
    tape.run(5, progress=0, subflow_progress=0)
    tape.run(0.1, progress=0, subflow_progress=1)
    tape.run(1, progress=0, subflow_progress=0)

    assert tape.actions == []


def test_deaf_peer_is_reset_when_an_uplink_answers() -> None:
    """Not even repetitions are acknowledged, but the path is whole: the peer has no room left."""
    tape = Tape()
    tape.run(4.9, progress=0, subflow_progress=0, answering_s=60)
    assert tape.actions == []

    tape.run(0.5, progress=0, subflow_progress=0, answering_s=60)
    assert [action.deed for _, action in tape.actions] == [Deed.RESET]
    assert tape.actions[0][1].evidence.endswith("s, while an uplink answers probes")


def test_path_that_just_healed_gets_its_time() -> None:
    """After a black-out the connection has stood for long, but the answers are new."""
    tape = Tape()
    tape.run(30, progress=0, subflow_progress=0, answering_s=0)
    tape.run(4, progress=0, subflow_progress=0, answering_s=4)

    assert tape.actions == []


def test_empty_backlog_is_not_stuck() -> None:
    """Everything is acknowledged: there is nothing to wait for."""
    tape = Tape()
    tape.run(10, progress=0, subflow_progress=10, backlog=0)

    assert tape.actions == []


def test_long_queue_on_one_uplink_is_not_stuck() -> None:
    """Nothing arrives in order while the slow uplink drains, but new data arrives on the other all the time."""
    tape = Tape()
    tape.run(20, progress=0, subflow_progress=20_000, answering_s=60)

    assert tape.actions == []


def test_closed_subflow_takes_its_count_along() -> None:
    """A sum that falls starts the watch anew instead of counting backwards."""
    tape = Tape()
    tape.run(2, progress=0, subflow_progress=1200)
    tape.acked_bytes = 0
    tape.run(2, progress=0, subflow_progress=1200)

    assert tape.actions == []


def test_connections_without_a_subflow_are_found() -> None:
    """Those on plain TCP and those that were reset should have none."""
    bond, plain, doomed = Connection(7, 0, 0), Connection(8, 0, 0, fell_back=True), Connection(9, 0, 0)
    seen = Seen(0.0, {}, (SUBFLOW,), (bond, plain, doomed))
    wanting = bonded({9: ConnectionMemory(0, 0.0, 0, 0.0, reset_s=1.0)}, seen)

    assert wanting == (bond,)
    assert without((SUBFLOW,), wanting) == []
    assert without((), wanting) == [bond]
