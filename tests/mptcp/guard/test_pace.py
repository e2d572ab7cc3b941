"""Uplinks that are too slow for the latency budget."""

from __future__ import annotations

from mptcp.guard.model import Deed
from tests.mptcp.guard.model_world import World


def _slowed(rtt_s: float = 0.6, other_rtt_s: float = 0.05) -> World:
    world = World("verizon", "att")
    world.run(5)
    world.paths["att"].rtt_s = rtt_s
    world.paths["verizon"].rtt_s = other_rtt_s
    return world


def test_slow_uplink_becomes_a_backup() -> None:
    """After three seconds above the budget, while another has half of it to spare."""
    world = _slowed()
    world.run(2.5)
    assert world.deeds() == []

    world.run(1)
    assert world.deeds("att") == [Deed.DEMOTE]
    assert world.done[0].action.evidence == "round trip 0.60 s for 3 s (budget 0.30 s), verizon is fast"


def test_slow_moment_is_borne() -> None:
    """One queue's filling and draining is no reason."""
    world = _slowed()
    world.run(2)
    world.paths["att"].rtt_s = 0.05
    world.run(10)

    assert world.deeds() == []


def test_no_uplink_is_demoted_when_all_are_slow() -> None:
    """A queue of our own making slows all alike: the stream is what must shrink."""
    world = _slowed(rtt_s=0.6, other_rtt_s=0.4)
    world.run(20)

    assert world.deeds() == []


def test_demoted_uplink_comes_back_when_it_is_fast_again() -> None:
    """Its subflow carries nothing any more, so the probes tell."""
    world = _slowed()
    world.run(5)
    world.paths["att"].rtt_s = 0.05
    world.run(4)
    assert world.deeds("att") == [Deed.DEMOTE]

    world.run(4)
    assert world.deeds("att") == [Deed.DEMOTE, Deed.PROMOTE]


def test_uplink_that_is_slow_only_under_load_is_asked_for_longer_each_time() -> None:
    """Idle it is fast, so it would come and go every few seconds."""
    world = _slowed()
    for _ in range(4):
        world.run(4)
        assert world.paths["att"].backup
        world.paths["att"].rtt_s = 0.05
        while world.paths["att"].backup:
            world.run(0.5)
        world.paths["att"].rtt_s = 0.6

    proofs = [each.action.evidence for each in world.done if each.action.deed is Deed.PROMOTE]
    assert [proof.rpartition("for ")[2] for proof in proofs] == ["5 s", "10 s", "20 s", "40 s"]


def test_flag_that_the_operator_set_is_left_alone() -> None:
    """A fast backup stays one, for it was none of the guard's doing."""
    world = World("verizon", "att")
    world.paths["att"].backup = True
    world.run(30)

    assert world.deeds() == []


def test_flag_that_the_operator_cleared_stays_cleared_for_a_while() -> None:
    """The guard takes note, and demotes anew only on new evidence."""
    world = _slowed()
    world.run(4)
    assert world.paths["att"].backup
    world.paths["att"].backup = False
    world.paths["att"].rtt_s = 0.05
    world.run(10)

    assert world.deeds("att") == [Deed.DEMOTE]
    assert not world.state.uplinks["att"].demoted


def test_demoted_uplink_that_dies_is_suppressed_and_returns_in_full() -> None:
    """Death ends the demotion; what comes back is as the operator configured it."""
    world = _slowed()
    world.run(4)
    world.set("att", whole=False)
    world.run(8)
    world.paths["att"].rtt_s = 0.05
    world.set("att", whole=True)
    world.run(4)

    assert world.deeds("att")[:3] == [Deed.DEMOTE, Deed.SUPPRESS, Deed.REVIVE]
    assert not world.paths["att"].backup
