"""What is known of a bond at one moment, over stories of two links."""

from __future__ import annotations

import pytest

from exporters.srtla.model import Role
from exporters.srtla.picture import Picture, UplinkPicture
from tests.exporters.srtla.bond import Bond

PACKET = 1332


def uplinks(picture: Picture) -> tuple[UplinkPicture, UplinkPicture]:
    """Both uplinks, the faster first."""
    one, two = picture.uplinks
    return one, two


def test_steady_bond_beside_the_sender() -> None:
    """Round trips from SRTLA ACKs, rates, and a backlog of what is on its way."""
    picture = Bond(Role.SENDER).run(8)
    fast, slow = uplinks(picture)

    assert fast.min_rtt_s == pytest.approx(0.06, abs=0.002)
    assert slow.min_rtt_s == pytest.approx(0.10, abs=0.002)
    assert picture.bond.lower == pytest.approx(100 * PACKET, rel=0.25)
    assert picture.bond.upper is None
    assert picture.bond.backlog_bytes == 12 * PACKET
    assert picture.bond.drain_s == pytest.approx(0.12, abs=0.1)
    assert (fast.dead, slow.dead, picture.bond.groups) == (False, False, 1)


def test_steady_bond_beside_the_receiver() -> None:
    """One-way delays relative to the faster uplink, from one sender's clock."""
    fast, slow = uplinks(Bond().run(8))

    assert fast.relative_delay_s == pytest.approx(0, abs=0.002)
    assert slow.relative_delay_s == pytest.approx(0.02, abs=0.002)
    assert fast.queue_delay_s == pytest.approx(0, abs=0.002)
    assert fast.rtt_s == pytest.approx(0.06)
    assert slow.rtt_s == pytest.approx(0.1)
    assert (fast.window, fast.keepalive) == (20_000, "extended")


@pytest.mark.parametrize("role", Role)
def test_queue_bounds_the_capacity(role: Role) -> None:
    """A queue that grows in front of one uplink shows what that uplink carries, and only that one."""
    bond = Bond(role)
    bond.run(5)
    bond.roads[1].queue_s = 0.4
    fast, slow = uplinks(bond.run(3))

    assert slow.queue_delay_s == pytest.approx(0.4, abs=0.1)
    assert slow.bounds.upper == pytest.approx(50 * PACKET, rel=0.3)
    assert fast.bounds.upper is None
    assert bond.picture.bond.upper is None


def test_dead_uplink_beside_the_sender() -> None:
    """Packets go out and no word comes back for a second: dead, with capacity 0, and the other is not."""
    bond = Bond(Role.SENDER)
    bond.run(5)
    bond.roads[0].dead = True
    bond.run(1.6)
    dead, alive = uplinks(bond.run(0.4))

    assert (dead.dead, alive.dead) == (True, False)
    assert dead.bounds.upper == 0
    assert dead.tally.lost > 50
    assert alive.tally.lost == 0


def test_unplugged_uplink_beside_the_sender() -> None:
    """Nothing is sent, so nothing is unanswered: three seconds of silence are death, also when forgotten."""
    bond = Bond(Role.SENDER)
    bond.run(5)
    bond.roads[0].unplugged = True
    assert uplinks(bond.run(2))[0].dead is False
    assert uplinks(bond.run(2))[0].dead is True

    gone, alive = uplinks(bond.run(14))
    assert (gone.links, gone.dead, alive.dead) == (0, True, False)


@pytest.mark.parametrize(("form", "limit_s"), [("plain", 6), ("timed", 3), ("extended", 3)])
def test_dead_uplink_beside_the_receiver(form: str, limit_s: float) -> None:
    """Silence of three keepalives is death, by the pace of the sender's kind; the last packet's age says how long."""
    bond = Bond(form=form)
    bond.run(5)
    bond.roads[0].dead = True
    silent, alive = uplinks(bond.run(limit_s - 0.5))
    assert silent.dead is False
    silent, alive = uplinks(bond.run(1))

    assert (silent.dead, alive.dead) == (True, False)
    assert silent.last_packet_age_s == pytest.approx(limit_s + 0.5, abs=0.3)


def test_idle_bond_is_not_dead() -> None:
    """When the stream has ended nothing is said of life and death: nothing is in use."""
    bond = Bond()
    bond.run(5)
    for road in bond.roads:
        road.dead = True
    bond.observer.feed([])
    picture = bond.painter.paint(bond.observer, bond.at_s + 60)

    assert picture.bond.groups == 0
    assert [uplink.dead for uplink in picture.uplinks] == [None, None]
    assert [uplink.links for uplink in picture.uplinks] == [0, 0]


def test_black_out_is_no_idle_bond() -> None:
    """What was sent before still waits: half a minute without a packet in either direction is a growing drain time."""
    bond = Bond(Role.SENDER)
    bond.run(5)
    picture = bond.painter.paint(bond.observer, bond.at_s + 30)

    assert picture.bond.groups == 1
    assert picture.bond.backlog_bytes == 12 * PACKET
    assert picture.bond.drain_s == pytest.approx(30, abs=0.5)
    assert bond.painter.paint(bond.observer, bond.at_s + 90).bond.backlog_bytes is None


def test_keyframes_are_counted_at_the_receiver_alone() -> None:
    """Two in five seconds; beside the sender, and before the first one, their number is unknown, not zero."""
    bond = Bond()
    assert (bond.run(1).bond.keyframes, bond.picture.bond.whole_s) == (None, None)

    picture = bond.run(4)
    assert picture.bond.keyframes == 2
    assert picture.bond.whole_s == pytest.approx(1001.93 + 0.03, abs=0.03)
    assert Bond(Role.SENDER).run(5).bond.keyframes is None
