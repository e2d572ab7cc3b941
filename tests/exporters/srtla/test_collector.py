"""Golden `/metrics` over stories of a bond, and what must never be in them."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from exporters.catalog import SRTLA
from exporters.srtla import collector
from exporters.srtla.model import Role
from tests.exporters.exposing import complaints, exposition
from tests.exporters.srtla import packets
from tests.exporters.srtla.bond import Bond

if TYPE_CHECKING:
    from collections.abc import Callable

GOLDEN = Path(__file__).parent / "golden"


def steady(role: Role, form: str) -> Bond:
    """A bond of 5 s after registration."""
    bond = Bond(role, form)
    bond.register()
    bond.run(5)
    return bond


def troubled(role: Role) -> Bond:
    """Losses, a wrong passphrase, a stranger, a dead uplink, and a packet that is none."""
    bond = steady(role, "extended")
    lost = packets.nak((bond.sequence - 20, bond.sequence - 18), stamp_us=1)
    bond.observer.feed([packets.down(bond.at_s, lost), packets.down(bond.at_s, packets.handshake(1010))])
    bond.observer.feed([packets.up(bond.at_s, packets.data(1, to=5), bytes([10, 0, 0, 1, 9, 9]))])
    bond.observer.feed([packets.up(bond.at_s, b"\xff\xff")])
    bond.roads[1].dead = True
    bond.run(4)
    return bond


@pytest.mark.parametrize(
    ("name", "bond"),
    [
        ("receiver", steady(Role.RECEIVER, "extended")),
        ("receiver-plain", steady(Role.RECEIVER, "plain")),
        ("sender", steady(Role.SENDER, "plain")),
        ("receiver-troubled", troubled(Role.RECEIVER)),
        ("sender-troubled", troubled(Role.SENDER)),
    ],
)
def test_metrics_of_a_bond(name: str, bond: Bond, golden: Callable[[Path, str], None]) -> None:
    """A story exposes what is in the golden file, and promtool is content with it."""
    text = exposition(SRTLA, collector.describe(bond.picture, {"verizon": "wwan0"}, epoch_s=1.7e9))

    golden(GOLDEN / f"{name}.prom", text)
    assert complaints(text) == ""


def test_nothing_seen_is_no_zero() -> None:
    """Before the first packet an uplink has counts of 0 and no reading."""
    bond = Bond()
    points = collector.describe(bond.painter.paint(bond.observer, 1), {}, epoch_s=0)
    readings = {point.metric for point in points if "_uplink_" in point.metric and not point.metric.endswith("_total")}

    assert readings == {"srtla_uplink_info", "srtla_uplink_subflows"}


def test_no_address_port_or_id_is_exposed() -> None:
    """Nothing that identifies a connection is in any golden file."""
    hidden = {"198.51.", "203.0.113", "40001", "40002", str(packets.STREAM), f"{packets.STREAM:x}", "10.0.0.1"}
    text = "".join(path.read_text(encoding="utf-8") for path in GOLDEN.glob("*.prom"))

    assert [value for value in hidden if value in text] == []
