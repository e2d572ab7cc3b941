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
    assert [proof.partition("for ")[2].partition(",")[0] for proof in proofs] == ["5 s", "10 s", "20 s", "40 s"]


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


def test_demoted_uplink_that_dies_returns_as_the_backup_that_it_was() -> None:
    """A full modem loses probes; that the uplink answers again does not make it fast. It proves so as any other."""
    world = _slowed()
    world.run(4)
    world.set("att", whole=False)
    world.run(8)
    world.paths["att"].rtt_s = 0.05
    world.set("att", whole=True)
    world.run(4)

    assert world.deeds("att") == [Deed.DEMOTE, Deed.SUPPRESS, Deed.REVIVE]
    assert world.paths["att"].backup
    assert "as a backup" in world.done[-1].action.evidence

    world.run(4)
    assert world.deeds("att")[3:] == [Deed.PROMOTE]
    assert not world.paths["att"].backup


def _crawling(rate: float = 12_500.0, *, probing: bool = True) -> World:
    """A world in which one of two paths has just become slow, idle though it answers as fast as ever."""
    world = World("verizon", "att", probing=probing)
    world.run(5)
    world.paths["att"].slow = rate
    world.paths["att"].bound = 64_000
    return world


def test_uplink_that_holds_the_stream_up_is_left_within_a_second() -> None:
    """It delivers, so it is not dead, and 64 kB take five seconds."""
    world = _crawling()
    world.run(1)

    assert world.deeds() == [Deed.DETOUR]
    assert world.done[0].action.evidence.startswith("64000 bytes wait for it and take 5.")
    assert world.paths["att"].backup


def test_slow_uplink_is_not_taken_for_fast_because_it_is_idle() -> None:
    """Its probes come back at once; only a train shows what it would do to the stream."""
    world = _crawling()
    world.run(60)
    assert world.deeds() == [Deed.DETOUR]

    world.paths["att"].slow = None
    world.run(10)
    assert world.deeds() == [Deed.DETOUR, Deed.PROMOTE]
    assert world.done[-1].action.evidence.endswith("and a train passed at 4000 kbit/s")


def test_slow_uplink_is_tried_now_and_then_all_the_same() -> None:
    """After two minutes the trains may be what is wrong: a carrier may slow them and not the stream."""
    world = _crawling()
    world.run(130)

    assert world.deeds()[:3] == [Deed.DETOUR, Deed.PROMOTE, Deed.DETOUR]


def test_backup_takes_over_when_the_other_becomes_slow() -> None:
    """No proof is asked for when nothing else is fast; then what is bound to the slow one can go over it."""
    world = _crawling()
    world.run(10)
    world.paths["att"].slow = None
    world.paths["verizon"].slow = 12_500.0
    world.paths["verizon"].bound = 64_000
    world.run(2)

    assert world.deeds("att") == [Deed.DETOUR, Deed.PROMOTE]
    assert world.deeds("verizon") == [Deed.DETOUR]


def test_backup_carries_at_once_when_the_other_is_dead() -> None:
    """It carries for the kernel anyway; what is proved does not matter then."""
    world = _crawling()
    world.run(10)
    world.set("verizon", whole=False)
    world.run(3)

    promoted = next(each for each in world.done if each.action.deed is Deed.PROMOTE)
    assert promoted.action.evidence == "round trip 0.05 s, and no other uplink is alive"


def test_crawling_backup_stays_one_while_the_other_is_overloaded() -> None:
    """Idle it is fast; taken in again it would hold the stream up in a second."""
    world = _crawling()
    world.run(10)
    world.paths["verizon"].slow, world.paths["verizon"].bound = 60_000.0, 64_000
    world.run(20)

    assert world.deeds() == [Deed.DETOUR]


def test_uplink_that_had_all_of_the_load_is_not_blamed_for_it() -> None:
    """One that has just come back is fast because it carries nothing yet."""
    world = _slowed()
    world.run(4)
    assert world.deeds() == [Deed.DEMOTE]
    world.paths["att"].rtt_s = 0.05
    world.run(2)
    world.paths["verizon"].rtt_s = 0.4
    while world.paths["att"].backup:
        world.run(0.1)
    world.run(2)
    assert world.deeds("verizon") == []

    world.run(2)
    assert world.deeds("verizon") == [Deed.DEMOTE]


def test_uplinks_that_are_slow_together_stay_together() -> None:
    """A crowded cell: there is no faster way, and half of the room is worse than all of it."""
    world = _crawling()
    world.paths["verizon"].slow, world.paths["verizon"].bound = 12_500.0, 64_000
    world.run(30)

    assert world.deeds() == []


def test_without_a_responder_a_slow_uplink_is_tried_again() -> None:
    """Nobody can be asked: after 20 s, and after a minute from the second time on."""
    world = _crawling(probing=False)
    world.run(100)

    assert world.deeds() == [Deed.DETOUR, Deed.PROMOTE, Deed.DETOUR, Deed.PROMOTE, Deed.DETOUR]
    promoted = [each for each in world.done if each.action.deed is Deed.PROMOTE]
    assert promoted[0].action.evidence == "tried again after 20 s, for there is no responder to ask"
