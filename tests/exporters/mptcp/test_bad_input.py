"""What goes wrong on a rig: each trouble has a state of its own in the metrics, and none a zero for "don't know"."""

from __future__ import annotations

import re
import time
from dataclasses import replace
from typing import TYPE_CHECKING

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from deploy.demo.namespaces import Namespace
from exporters.catalog import MPTCP
from exporters.collecting import Clock
from exporters.mptcp import collector, reading
from exporters.mptcp.layout import MptcpInfo, TcpInfo
from exporters.mptcp.model import Dump, Kernel
from exporters.mptcp.observing import Observer
from exporters.mptcp.summing import Scope
from exporters.mptcp.uplinks import Role, Surroundings, conflicts, parse_uplink, resolve
from exporters.mptcp.watching import Watch, sources
from tests.exporters.exposing import complaints, exposition
from tests.exporters.mptcp.captures import load
from tests.exporters.mptcp.making import PORT, connection, dump, subflow
from tests.exporters.mptcp.process import running, samples

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

SCOPE = Scope(Role.SENDER, PORT)
SENT = TcpInfo(rtt=40_000, snd_mss=1000, unacked=3, bytes_sent=9_000, bytes_acked=6_000, last_ack_recv=10)
BONDED = dump([subflow(1, info=SENT)], [connection(write_seq=9_000, snd_una=6_000, bytes_acked=6_000)])
CAPTURED = load("sender")
HERE = {"eth1": frozenset({"10.0.0.1"})}
NOT_KNOWN = dict.fromkeys(
    ("mptcp_uplink_rtt_seconds", "mptcp_uplink_dead", "mptcp_connection_backlog_bytes", "mptcp_connection_stuck")
)


def shown(dumps: list[Dump], addresses: Mapping[str, frozenset[str]]) -> dict[str, float]:
    """The samples after these dumps, uplink a being interface eth1."""
    uplinks = [parse_uplink("a=eth1")]
    observer = Observer(SCOPE, ["a"])
    seen = [observer.observe(each, resolve(uplinks, Surroundings(addresses))) for each in dumps][-1]
    text = exposition(MPTCP, collector.sockets(seen))
    assert complaints(text) == ""
    return samples(text)


@pytest.mark.parametrize(
    ("dumps", "addresses", "state"),
    [
        ([BONDED], {}, {"mptcp_uplink_present": 0, "mptcp_stray_subflows": 1, "mptcp_uplink_rtt_seconds": None}),
        (
            [BONDED, dump(at_s=0.1)],
            {"eth1": frozenset()},
            {**NOT_KNOWN, "mptcp_uplink_present": 0, "mptcp_uplink_subflows": 0},
        ),
        ([dump()], HERE, {**NOT_KNOWN, "mptcp_uplink_present": 1, "mptcp_connections": 0}),
        ([dump([subflow(1, ulp=None, info=SENT)])], HERE, {"mptcp_connections": 0, "mptcp_connection_fallback": 1}),
        (
            [dump([subflow(1)], [connection()])],
            HERE,
            {**NOT_KNOWN, "mptcp_uplink_subflows": 1, "mptcp_connections": 1},
        ),
    ],
    ids=[
        "uplink that nothing has",
        "interface that lost its address",
        "no MPTCP row at all",
        "stream on plain TCP",
        "rows without any known field",
    ],
)
def test_trouble_has_a_state(
    dumps: list[Dump], addresses: Mapping[str, frozenset[str]], state: Mapping[str, float | None]
) -> None:
    """The state is shown, and what is not known is left out; None stands for left out."""
    found = {name.partition("{")[0]: value for name, value in shown(dumps, addresses).items()}

    assert {name: found.get(name) for name in state} == state


def test_interface_that_comes_back_with_another_address() -> None:
    """Its counters go on from where they were; between the two it is not there, and has no round trip."""
    observer, uplinks = Observer(SCOPE, ["a"]), [parse_uplink("a=eth1")]
    later = dump([subflow(2, "10.9.0.7", info=SENT)], [connection()], at_s=0.2)
    found = []
    for each, addresses in ((BONDED, {"10.0.0.1"}), (dump(at_s=0.1), set()), (later, {"10.9.0.7"})):
        around = Surroundings({"eth1": frozenset(addresses)})
        seen = observer.observe(each, resolve(uplinks, around))
        found.append(samples(exposition(MPTCP, collector.sockets(seen))))

    assert [each['mptcp_uplink_present{uplink="a"}'] for each in found] == [1, 0, 1]
    assert [each.get('mptcp_uplink_rtt_seconds{uplink="a"}') for each in found] == [0.04, None, 0.04]
    assert [each['mptcp_uplink_transmit_bytes_total{uplink="a"}'] for each in found] == [9_000, 9_000, 18_000]


def test_two_names_for_one_address_are_refused() -> None:
    """Before the first dump: whose would the bytes be?"""
    uplinks = [parse_uplink("a=eth1"), parse_uplink("b=10.0.0.1")]

    assert conflicts(uplinks, Role.SENDER, Surroundings(HERE)) == [
        "uplinks a and b stand for the same address; give each address one name"
    ]


@settings(max_examples=40)
@given(st.integers(0, len(TcpInfo._fields)), st.integers(0, len(MptcpInfo._fields)), st.booleans())
def test_truncated_rows_leave_out_what_they_lack(tcp: int, mptcp: int, details: bool) -> None:  # noqa: FBT001 - hypothesis gives it
    """Rows of a real capture, cut after any field: nothing breaks, and no absent field becomes a zero."""
    observer, uplinks = Observer(SCOPE, ["verizon"]), [parse_uplink("verizon=100.64.10.2")]
    for each in CAPTURED:
        rows = [replace(row, info=TcpInfo(*row.info[:tcp]), ulp=row.ulp if details else None) for row in each.tcp]
        cut = [replace(row, info=MptcpInfo(*row.info[:mptcp])) for row in each.mptcp]
        seen = observer.observe(dump(rows, cut, at_s=each.at_s), resolve(uplinks, Surroundings()))
    found = samples(exposition(MPTCP, collector.sockets(seen)))

    for metric, field in (("rtt_seconds", "rtt"), ("cwnd_segments", "snd_cwnd"), ("unsent_bytes", "notsent_bytes")):
        known = tcp > TcpInfo._fields.index(field)
        assert (f'mptcp_uplink_{metric}{{uplink="verizon"}}' in found) is known
    assert ("mptcp_connection_backlog_bytes" in found) is (mptcp > MptcpInfo._fields.index("snd_una"))


def _refused() -> reading.Diag:
    raise PermissionError(1, "Operation not permitted")


async def test_refused_permission_is_a_failed_source_and_one_line(caplog: pytest.LogCaptureFixture) -> None:
    """Success is 0, nothing of the stream is shown, and the log does not repeat itself."""
    watch = Watch(_refused, SCOPE, (parse_uplink("a=eth1"),), Surroundings(HERE))
    source, clock = sources(watch, 0.1)[0], Clock(lambda: 5.0, lambda: 5.0)
    for _ in range(3):
        await source.poll(clock)

    points = {point.metric: point.value for point in source.points("mptcp", 5.0)}
    assert points["mptcp_scrape_collector_success"] == 0
    assert points.keys() == {"mptcp_scrape_collector_success", "mptcp_scrape_collector_duration_seconds"}
    assert [record.message for record in caplog.records] == ["sockets: cannot read: [Errno 1] Operation not permitted"]


def test_kernel_without_mptcp_shows_that_it_is_off() -> None:
    """Off, and no counter at 0: there is none."""
    points = [(point.metric, point.value) for point in collector.kernel(Kernel(enabled=False, counters={}))]

    assert points == [("mptcp_enabled", 0)]


# The exporter on a kernel without MPTCP, as far as the kernel at hand can play one: sock_diag refuses the protocol
# (here a number that no kernel knows), generic netlink has no such family, and /proc has neither counter nor switch.
_WITHOUT_MPTCP = """
import functools, pathlib, sys
from exporters.mptcp import asking, reading
from pyroute2.netlink.exceptions import NetlinkError
from exporters.mptcp.__main__ import run
from exporters.serving import main

class NoFamily:
    async def setup_endpoint(self):
        raise NetlinkError(2, "No such file or directory")
    def close(self):
        pass

asking.IPPROTO_MPTCP = 999
reading.AsyncMPTCP = NoFamily
reading.kernel = functools.partial(reading.kernel, pathlib.Path(sys.argv.pop(1)))
main(run, "python -m exporters.mptcp")
"""


@pytest.fixture
def bare_proc(tmp_path: Path) -> Path:
    """A tree like /proc of a kernel without MPTCP."""
    (tmp_path / "thread-self/net").mkdir(parents=True)
    (tmp_path / "thread-self/net/netstat").write_text("TcpExt: A\nTcpExt: 1\n")
    return tmp_path


@pytest.mark.root
def test_process_on_a_kernel_without_mptcp(bare_proc: Path) -> None:
    """It serves, says that MPTCP is off, has no counters, endpoints or estimates, and complains once of each cause."""
    program = ("-c", _WITHOUT_MPTCP, str(bare_proc))
    with Namespace.create("test") as namespace:
        namespace.run(["ip", "link", "set", "lo", "up"])
        with running(namespace, "--uplink", "loop=127.0.0.1", "--port", str(PORT), program=program) as exporter:
            found = exporter.until(lambda seen: {"mptcp_enabled", _success("path_manager")} <= seen.keys())
            time.sleep(2.5)  # the path manager is asked every 2 s: a second complaint would come by now
            code, log = exporter.end()

    assert (code, found[_success("sockets")], found[_success("path_manager")]) == (0, 1, 0)
    assert (found["mptcp_enabled"], found["mptcp_connections"]) == (0, 0)
    absent = re.compile(r"mptcp_(endpoints|limit_|kernel_|uplink_rtt|uplink_capacity|connection_(backlog|drain|stuck))")
    assert [name for name in found if absent.match(name)] == []
    complaints = [line for line in log.splitlines() if "MPTCP" in line and "WARNING" in line.upper()]
    assert len(complaints) == 2
    assert "MPTCP: is off here, so nothing is bonded; set net.mptcp.enabled=1" in log
    assert "path_manager: cannot read: [Errno 2] mptcp_pm: No such file or directory; this kernel has no" in log


def _success(source: str) -> str:
    return f'mptcp_scrape_collector_success{{collector="{source}"}}'
