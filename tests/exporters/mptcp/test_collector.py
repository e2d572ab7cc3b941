"""Golden `/metrics` over captured dumps, and what must never be in them."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from exporters.catalog import MPTCP
from exporters.mptcp import collector
from exporters.mptcp.layout import TcpInfo
from exporters.mptcp.model import Dump, Endpoint, Kernel, PathManager, Probed, Probes
from exporters.mptcp.observing import Observer
from exporters.mptcp.summing import Scope
from exporters.mptcp.uplinks import Role, Surroundings, parse_uplink, resolve
from tests.exporters.exposing import complaints, exposition
from tests.exporters.mptcp.captures import PORT, load

if TYPE_CHECKING:
    from collections.abc import Callable

GOLDEN = Path(__file__).parent / "golden"
AROUND = Surroundings({"verizon": frozenset({"100.64.10.2"}), "att": frozenset({"100.64.20.2"})})
WORLD = ("verizon=verizon", "att=100.64.20.2")
LOOP = ("loop=::1",)


def older(dump: Dump) -> Dump:
    """The dump as Linux 5.15 would show it without CAP_NET_ADMIN: shorter structs, no upper-layer details."""
    tcp = [replace(row, ulp=None, info=TcpInfo(*row.info[: TcpInfo._fields.index("rcv_wnd")])) for row in dump.tcp]
    mptcp = [replace(row, info=row.info._replace(bytes_acked=None, bytes_received=None)) for row in dump.mptcp]
    return Dump(dump.at_s, tuple(tcp), tuple(mptcp))


def exposed(dumps: list[Dump], uplinks: tuple[str, ...], role: Role) -> str:
    """The sockets' part of a scrape after these dumps."""
    configured = [parse_uplink(text) for text in uplinks]
    observer = Observer(Scope(role, PORT), [uplink.name for uplink in configured])
    seen = [observer.observe(dump, resolve(configured, AROUND)) for dump in dumps][-1]
    return exposition(MPTCP, collector.sockets(seen))


@pytest.mark.parametrize(
    ("name", "dumps", "uplinks", "role"),
    [
        ("sender", load("sender"), WORLD, Role.SENDER),
        ("receiver", load("receiver"), ("verizon=100.64.10.2", "att=id:2"), Role.RECEIVER),
        ("older-kernel", [older(dump) for dump in load("sender")], WORLD, Role.SENDER),
        ("ipv6", load("ipv6"), LOOP, Role.SENDER),
        ("mapped", load("mapped"), ("loop=127.0.0.1",), Role.SENDER),
        ("fallback", load("fallback"), LOOP, Role.SENDER),
        ("plain", load("plain"), LOOP, Role.SENDER),
        ("strays", load("sender"), ("verizon=verizon", "tmobile=wwan7"), Role.SENDER),
        ("nothing", [Dump(0, (), ())], WORLD, Role.SENDER),
    ],
)
def test_metrics_of_a_capture(
    name: str, dumps: list[Dump], uplinks: tuple[str, ...], role: Role, golden: Callable[[Path, str], None]
) -> None:
    """A captured dump exposes what is in the golden file, and promtool is content with it."""
    text = exposed(dumps, uplinks, role)

    golden(GOLDEN / f"{name}.prom", text)
    assert complaints(text) == ""


def test_metrics_of_kernel_and_path_manager(golden: Callable[[Path, str], None]) -> None:
    """Endpoints, limits, the switch and the counters of the kernel."""
    counters = {"Blackhole": 1, "MPCapableSYNTXDisabled": 2950, "MPCapableFallbackACK": 3, "DssFallback": 4}
    endpoints = (Endpoint(1, "100.64.10.2", 2), Endpoint(2, "100.64.20.2", 2))
    points = [
        *collector.path_manager(PathManager(endpoints, 2, 0)),
        *collector.kernel(Kernel(enabled=True, counters={**counters, "SubflowStale": 5})),
    ]
    text = exposition(MPTCP, points)

    golden(GOLDEN / "kernel.prom", text)
    assert complaints(text) == ""


def test_metrics_of_probes(golden: Callable[[Path, str], None]) -> None:
    """Probes by uplink with their failures, bytes and newest result, and what is left of the budget."""
    uplinks = {"verizon": Probed(5, 1, 57120, 950_000.0), "att": Probed(2, 2, 22848, None, 1, 437_500.0)}
    text = exposition(MPTCP, collector.probes(Probes(uplinks, 19_000_000.0)))

    golden(GOLDEN / "probes.prom", text)
    assert complaints(text) == ""


def test_kernel_without_mptcp_is_not_enabled_and_has_no_counters() -> None:
    """Where the kernel has no MPTCP it is off, and counters that do not exist are absent, not 0."""
    points = list(collector.kernel(Kernel(enabled=False, counters={})))

    assert [(point.metric, point.value) for point in points] == [("mptcp_enabled", 0)]


def test_unknown_limits_are_absent() -> None:
    """What the path manager does not say is not exposed."""
    points = list(collector.path_manager(PathManager((), None, None)))

    assert [(point.metric, point.value) for point in points] == [("mptcp_endpoints", 0)]


def test_no_address_port_or_token_is_exposed() -> None:
    """Nothing that identifies a connection is in any golden file."""
    hidden = {"100.64.", "203.0.113.", "::1"}
    for dump in (*load("sender"), *load("receiver")):
        hidden |= {f'"{row.ends.local_port}"' for row in dump.tcp} | {f'"{row.ends.remote_port}"' for row in dump.tcp}
        hidden |= {str(row.info.token) for row in dump.mptcp}
    exposed_text = "".join(path.read_text(encoding="utf-8") for path in GOLDEN.glob("*.prom"))

    assert [value for value in hidden if value in exposed_text] == []
