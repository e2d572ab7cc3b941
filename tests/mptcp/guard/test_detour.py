"""Uplinks that hold the stream up."""

from __future__ import annotations

from dataclasses import replace

import pytest

from mptcp.guard.detour import detour
from mptcp.guard.flow import Flow
from mptcp.guard.judging import Look, held_rate, holds
from mptcp.guard.model import Connection, Deed, Phase, Policy, Seen, Subflow, UplinkMemory, UplinkSeen

POLICY = Policy()
NOW_S = 100.0
MBIT = 125_000  # bytes


def _flow(waiting: int, rate: float, *, best: float | None = None) -> Flow:
    """Half a second in which `waiting` bytes waited and `rate` bytes/s were delivered."""
    flow = Flow().and_seen(NOW_S - 0.5, delivered={1: 0}, waiting=waiting, rate=best or rate)
    return flow.and_seen(NOW_S, delivered={1: int(rate * 0.5)}, waiting=waiting, rate=rate)


def _look(flow: Flow, *, backup: bool = False, demoted: bool = False, ack_age_s: float = 0.05) -> Look:
    memory = UplinkMemory(Phase.LIVE, flow=flow, demoted=demoted, holding_since_s=NOW_S - 1)
    return Look(UplinkSeen(endpoint=True, backup=backup), memory, (), None, 0.3, ack_age_s, 0.05)


SLOW = _look(_flow(50_000, 12_500))  # 4 s at 100 kbit/s
FAST = _look(_flow(10_000, 0.4 * MBIT * 8 / 8, best=4 * MBIT))
IDLE = _look(Flow().and_seen(NOW_S, delivered={1: 0}, waiting=0, rate=4 * MBIT))


def _seen(backlog: int = 2 * MBIT) -> Seen:
    return Seen(NOW_S, {}, connections=(Connection(7, 0, backlog),))


@pytest.mark.parametrize("heir", [FAST, IDLE], ids=["busy", "idle"])
def test_what_is_bound_to_a_slow_uplink_goes_another_way(heir: Look) -> None:
    """Four seconds on it, half a second over the other: the evidence has the figures."""
    memory, action = detour("att", {"att": SLOW, "verizon": heir}, seen=_seen(), policy=POLICY)

    assert action is not None
    assert (action.deed, action.uplink) == (Deed.DETOUR, "att")
    assert action.evidence == "50000 bytes wait for it and take 4.0 s at 100 kbit/s, 0.5 s over verizon"
    assert (memory.demoted, memory.demotions, memory.demoted_s) == (True, 1, NOW_S)


@pytest.mark.parametrize(
    ("subject", "heir", "backlog"),
    [
        (_look(_flow(20_000, 1.0 * MBIT)), FAST, 2 * MBIT),
        (_look(_flow(50_000, 100_000)), FAST, 2 * MBIT),
        (SLOW, FAST, 9 * MBIT),
        (SLOW, SLOW, 2 * MBIT),
        (SLOW, replace(FAST, ack_age_s=1.0), 2 * MBIT),
        (SLOW, replace(FAST, seen=UplinkSeen(endpoint=True, backup=True)), 2 * MBIT),
        (SLOW, replace(FAST, memory=replace(FAST.memory, demoted=True)), 2 * MBIT),
        (SLOW, replace(FAST, memory=replace(FAST.memory, phase=Phase.SUPPRESSED)), 2 * MBIT),
        (replace(SLOW, seen=UplinkSeen(endpoint=True, backup=True)), FAST, 2 * MBIT),
        (IDLE, FAST, 2 * MBIT),
    ],
    ids=[
        "fast enough", "short queue", "sending it again would take long", "both slow", "other silent", "other backup",
        "other demoted", "other out", "operator's backup", "idle",
    ],
)  # fmt: skip
def test_nothing_is_gained(subject: Look, heir: Look, backlog: int) -> None:
    """Then what is bound to it stays."""
    memory, action = detour("att", {"att": subject, "verizon": heir}, seen=_seen(backlog), policy=POLICY)

    assert action is None
    assert memory.demoted is subject.memory.demoted


def test_last_uplink_keeps_what_it_has() -> None:
    """However slow: there is no other."""
    assert detour("att", {"att": SLOW}, seen=_seen(), policy=POLICY)[1] is None


def test_first_look_only_raises_suspicion() -> None:
    """One look may meet a stall of the radio."""
    fresh = replace(SLOW, memory=replace(SLOW.memory, holding_since_s=None))
    memory, action = detour("att", {"att": fresh, "verizon": FAST}, seen=_seen(), policy=POLICY)
    assert action is None
    assert memory.holding_since_s == NOW_S

    later = Seen(NOW_S + 0.1, {}, connections=(Connection(7, 0, 2 * MBIT),))
    _, action = detour("att", {"att": replace(fresh, memory=memory), "verizon": FAST}, seen=later, policy=POLICY)
    assert action is not None


def test_silence_is_left_to_the_rule_of_death() -> None:
    """What waits on a dead uplink takes for ever, too; but one taken for slow has more to prove when it heals."""
    for silent in (replace(SLOW, ack_age_s=0.2), replace(SLOW, ack_age_s=None), _look(_flow(50_000, 0.0))):
        memory, action = detour("att", {"att": silent, "verizon": FAST}, seen=_seen(), policy=POLICY)

        assert action is None
        assert memory.holding_since_s is not None


def test_several_others_share_what_is_sent_again() -> None:
    """Two uplinks of 2 Mbit/s are as good as one of 4."""
    half = _look(_flow(10_000, 0.4 * MBIT, best=2 * MBIT))
    _, action = detour("att", {"att": SLOW, "verizon": half, "tmobile": half}, seen=_seen(), policy=POLICY)

    assert action is not None
    assert action.evidence.endswith("0.5 s over verizon and tmobile")


def test_demoted_uplink_that_still_has_data_is_emptied_and_not_punished_twice() -> None:
    """The flag alone leaves what is bound where it is."""
    memory = replace(SLOW.memory, demoted=True, demotions=3)
    flagged = replace(SLOW, seen=UplinkSeen(endpoint=True, backup=True), memory=memory)
    after, action = detour("att", {"att": flagged, "verizon": FAST}, seen=_seen(), policy=POLICY)

    assert action is not None
    assert after.demotions == 3


def test_nothing_delivered_at_all_is_a_wait_too() -> None:
    """An uplink that stands still takes for ever, and is no division by zero."""
    assert holds(_look(_flow(50_000, 0.0)), POLICY)
    assert not holds(_look(Flow()), POLICY)


def test_long_way_is_given_two_round_trips() -> None:
    """Over 0.4 s of way nothing comes back for 0.4 s, however fast it is."""
    far = Subflow(1, 7, "att", 10, 0.05, 0, least_rtt_s=0.4)
    flow = _flow(50_000, 0.0)

    assert held_rate(_look(flow), POLICY) == 0.0
    assert held_rate(replace(_look(flow), subflows=(far,)), POLICY) is None
