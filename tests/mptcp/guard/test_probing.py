"""How often is probed and looked."""

from __future__ import annotations

from tests.mptcp.guard.model_world import World


def _probes(world: World, name: str, length_s: float) -> int:
    """How many probes go out on an uplink in that time."""
    before = world.probes[name]
    world.run(length_s)
    return world.probes[name] - before


def test_peace_costs_one_probe_a_second() -> None:
    """80 bytes of UDP payload a second and uplink, both ways together."""
    world = World("verizon", "att")
    world.run(5)

    assert 9 <= _probes(world, "att", 10) <= 11


def test_suspicion_asks_all_uplinks_at_once() -> None:
    """The verdict on one needs another's answer, and must not wait a second for it."""
    world = World("verizon", "att")
    world.run(5)
    world.set("att", whole=False)

    assert _probes(world, "verizon", 0.4) >= 2


def test_suppressed_uplink_is_asked_often_at_first_and_then_less() -> None:
    """Most outages of a moving rig last seconds; a dead modem is not asked four times a second all day."""
    world = World("verizon", "att")
    world.run(5)
    world.set("att", whole=False)
    world.run(1)

    assert 30 <= _probes(world, "att", 10) <= 45
    world.run(60)
    assert 9 <= _probes(world, "att", 10) <= 11


def test_no_responder_no_probes() -> None:
    """Nothing is sent to nobody."""
    world = World("verizon", "att", probing=False)
    world.run(5)

    assert _probes(world, "att", 5) == 0


def test_absent_uplink_is_not_probed() -> None:
    """Without an endpoint it has no address to probe from."""
    world = World("verizon", "att")
    world.paths["att"].endpoint = world.paths["att"].joined = False
    world.run(5)

    assert world.probes["att"] == 0


def test_only_an_uplink_that_wants_to_come_back_is_weighed() -> None:
    """A train is 12 kB: in peace none is sent, and while the uplink does not answer none either."""
    world = World("verizon", "att")
    world.run(10)
    world.set("att", whole=False)
    world.run(10)
    assert world.trains["att"] == world.trains["verizon"] == 0

    world.set("att", whole=True)
    world.run(10)
    assert world.trains == {"att": 1}


def test_slow_uplink_is_weighed_every_four_seconds() -> None:
    """24 kbit/s, as long as its probes make it look fast."""
    world = World("verizon", "att")
    world.run(5)
    world.paths["att"].slow, world.paths["att"].bound = 12_500.0, 64_000
    world.run(1)

    before = world.trains["att"]
    world.run(40)
    assert 9 <= world.trains["att"] - before <= 11
