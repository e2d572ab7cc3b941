"""The exporter as a process: wrong command lines, and a real stream in the demo's world."""

from __future__ import annotations

import socket
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import partial

import pytest

from deploy.demo.control import Direction
from deploy.demo.link import Change
from deploy.demo.namespaces import Namespace
from deploy.demo.world import World
from exporters.collecting import Clock
from exporters.mptcp.__main__ import run
from exporters.mptcp.layout import TcpInfo
from exporters.mptcp.model import Dump, Probes
from exporters.mptcp.summing import Scope
from exporters.mptcp.uplinks import Resolved, Role, Surroundings, parse_uplink
from exporters.mptcp.watching import Watch, sources
from tests.exporters.exposing import complaints
from tests.exporters.mptcp.making import connection, dump, subflow
from tests.exporters.mptcp.process import running

STREAM_PORT = 5000


Complaint = Callable[..., str]


@pytest.fixture
def complaint(refused: Complaint) -> Complaint:
    """What this exporter says to a command line that must be refused."""
    return partial(refused, run, "exporters.mptcp")


@contextmanager
def streaming(world: World) -> Iterator[None]:
    """A stream of some 2.5 Mbit/s in frames from the rig to the server."""
    over = threading.Event()
    with (
        world.vps.socket(protocol=socket.IPPROTO_MPTCP) as server,
        world.pi.socket(protocol=socket.IPPROTO_MPTCP) as client,
    ):
        server.bind((world.server, STREAM_PORT))
        server.listen()
        client.connect((world.server, STREAM_PORT))
        far, _ = server.accept()
        client.settimeout(0.2)
        far.settimeout(0.2)
        threads = [
            threading.Thread(target=_send, args=(client, over)),
            threading.Thread(target=_read, args=(far, over)),
        ]
        for thread in threads:
            thread.start()
        try:
            yield
        finally:
            over.set()
            for thread in threads:
                thread.join()
            far.close()


def _send(client: socket.socket, over: threading.Event) -> None:
    while not over.wait(1 / 30):
        try:
            client.send(bytes(10_000))
        except TimeoutError:
            continue


def _read(far: socket.socket, over: threading.Event) -> None:
    while not over.is_set():
        try:
            far.recv(1 << 18)
        except TimeoutError:
            continue


def _all_above(counter: str, found: dict[str, float]) -> bool:
    return all(found.get(f'{counter}{{uplink="{name}"}}', 0) > 50_000 for name in ("verizon", "att"))


class Refusing:
    """Stands for sock_diag that may not be opened, and then may; its dumps are empty."""

    def __init__(self, *errors: OSError | None) -> None:
        self._errors = list(errors)
        self.opened = self.closed = 0

    def __call__(self) -> Refusing:
        """Open it."""
        self.opened += 1
        error = self._errors.pop(0)
        if error is not None:
            raise error
        return self

    async def dump(self, ports: tuple[int, ...]) -> Dump:
        """No sockets at all; an error when one was asked for."""
        assert ports == (STREAM_PORT,)
        error = self._errors.pop(0)
        if error is not None:
            raise error
        return Dump(0.1 * self.opened, (), ())

    def close(self) -> None:
        """Close it."""
        self.closed += 1


async def test_refused_permission_fails_until_it_is_granted(caplog: pytest.LogCaptureFixture) -> None:
    """Without permission the source fails, with one line; it works once permitted, and replaces a broken socket."""
    refused = PermissionError(1, "Operation not permitted")
    diag = Refusing(refused, refused, None, None, OSError(105, "No buffer space available"), None, None)
    scope, uplinks = Scope(Role.SENDER, STREAM_PORT), (parse_uplink("a=10.0.0.1"),)
    watch = Watch(diag, scope, uplinks, Surroundings())  # type: ignore[arg-type] # a stand-in with the methods used
    source = sources(watch, 0.1)[0]
    clock = Clock(lambda: 0.0, lambda: 0.0)

    for _ in range(5):
        await source.poll(clock)

    warnings = [record.message for record in caplog.records if record.message.startswith("sockets")]
    assert warnings == [
        "sockets: cannot read: [Errno 1] Operation not permitted",
        "sockets: cannot read: [Errno 105] No buffer space available",
    ]
    assert (diag.opened, diag.closed) == (4, 1)
    assert ("mptcp_connections", 0) in [(point.metric, point.value) for point in source.points("mptcp", 0)]


class Fixed:
    """Stands for sock_diag: gives these dumps, one after the other."""

    def __init__(self, *dumps: Dump) -> None:
        self._dumps = iter(dumps)

    async def dump(self, ports: tuple[int, ...]) -> Dump:
        """The next dump."""
        assert ports == (STREAM_PORT,)
        return next(self._dumps)


class Asked:
    """Stands for a prober: keeps what it was asked to probe."""

    def __init__(self) -> None:
        self.known: list[dict[str, float | None]] = []

    async def probe(self, uplinks: tuple[Resolved, ...], known: dict[str, float | None]) -> Probes:
        """Note the question."""
        assert [uplink.uplink.name for uplink in uplinks] == ["a"]
        self.known.append(known)
        return Probes({}, 0)


async def test_hidden_details_are_told_once(caplog: pytest.LogCaptureFixture) -> None:
    """Where the kernel hides which sockets are subflows, one line says what is missing and what helps."""
    hidden = dump([subflow(1, ulp=None)], [connection()])
    diag = Fixed(hidden, hidden, dump(), hidden, dump([subflow(1)], [connection()]))
    scope, uplinks = Scope(Role.SENDER, STREAM_PORT), (parse_uplink("a=10.0.0.1"),)
    watch = Watch(lambda: diag, scope, uplinks, Surroundings())  # type: ignore[arg-type, return-value] # a stand-in

    caplog.set_level("INFO")
    for _ in range(5):
        await watch.sockets()

    assert [record.message for record in caplog.records if record.message.startswith("subflows")] == [
        "subflows: the kernel hides their roles and backup flags; give CAP_NET_ADMIN, or use Linux 6.15 or newer",
        "subflows: the kernel shows their roles and backup flags",
    ]


@pytest.mark.parametrize(("backlog", "age_ms", "asked"), [(1000, 10, True), (900_000, 10, False), (1000, 5000, False)])
async def test_only_an_uplink_with_room_is_probed(backlog: int, age_ms: int, asked: bool) -> None:  # noqa: FBT001 - a table's column
    """No probe goes into a standing backlog, nor over a dead uplink; and none before anything was seen."""
    last = (60_001, 0) if age_ms == 10 else (60_000, 5)
    # The first is 2 s old: of a younger connection the drain time is not known, and no probe is sent into the unknown.
    moments = ((-2.0, 10, 0, 0), (0.0, 10, 0, 5), (0.1, 10, 50_000, 5), (0.2, 10, 60_000, 5), (0.6, age_ms, *last))
    dumps = [
        dump(
            [subflow(1, info=TcpInfo(snd_mss=1000, unacked=flying, last_ack_recv=age, rtt=50_000, bytes_acked=acked))],
            [connection(write_seq=acked + backlog, snd_una=acked, bytes_acked=acked)],
            at_s=at_s,
        )
        for at_s, age, acked, flying in moments
    ]
    diag, prober = Fixed(*dumps), Asked()
    scope, uplinks = Scope(Role.SENDER, STREAM_PORT), (parse_uplink("a=10.0.0.1"),)
    watch = Watch(lambda: diag, scope, uplinks, Surroundings())  # type: ignore[arg-type, return-value] # a stand-in
    await watch.probe(prober)  # type: ignore[arg-type] # a stand-in
    for _ in dumps:
        await watch.sockets()
        watch.probed("a", 0.0, 500_000.0)
    await watch.probe(prober)  # type: ignore[arg-type] # a stand-in

    assert watch.carried("a") == (0.6, last[0])
    assert prober.known[0] == {}
    assert prober.known[1] == ({"a": 500_000.0} if asked else {})


def test_no_uplink_is_refused(complaint: Complaint) -> None:
    """Without an uplink there is nothing to name."""
    assert "the following arguments are required: --uplink" in complaint()


@pytest.mark.parametrize(
    ("given", "said"),
    [
        (["--uplink", "eth1"], "argument --uplink: 'eth1' is not NAME=INTERFACE, NAME=ADDRESS or NAME=id:N"),
        (["--uplink", "a=127.0.0.1", "--uplink", "b=lo"], "uplinks a and b stand for the same address"),
        (["--uplink", "a=lo", "--uplink", "a=eth9"], "uplink a is given twice"),
        (["--uplink", "a=lo", "--role", "receiver"], "at the receiver give the remote address or id:N"),
        (["--uplink", "a=lo", "--role", "both"], "argument --role: invalid"),
        (["--uplink", "a=lo", "--listen", "here"], "argument --listen: 'here' is not HOST:PORT"),
        (["--uplink", "a=lo", "--port", "70000"], "argument --port: '70000' is not a port, 1 to 65535"),
        (["--uplink", "a=lo", "--front-port", "1935"], "--front-port needs --port"),
        (["--uplink", "a=lo", "--sample-interval", "0"], "argument --sample-interval: '0' is not a number of seconds"),
        (["--uplink", "a=lo", "--listen", "203.0.113.9:1"], "cannot listen on 203.0.113.9:1"),
        (["--uplink", "a=lo", "--probe", "vps:1"], "--probe needs --probe-key-file: a key shared with the responder"),
        (["--uplink", "a=lo", "--probe-key-file", "/none"], "cannot read the key /none: No such file or directory"),
        (["--uplink", "a=lo", "--probe-budget", "-1"], "'-1' is not a number of megabytes above 0"),
        (["--uplink", "a=lo", "--probe-pad-to", "0"], "'0' is not a number of Mbit/s above 0"),
        (["--uplink", "a=lo", "--probe-pad-to", "x"], "'x' is not a number of Mbit/s above 0"),
        (["--uplink", "a=lo", "--probe-pad-to", "3.5"], "--probe-pad-to needs --probe: the responder says"),
    ],
)
def test_wrong_command_line_is_one_line(given: list[str], said: str, complaint: Complaint) -> None:
    """What is wrong is told in one line, with the remedy, and exit code 2."""
    assert said in complaint(*given)


@pytest.mark.root
@pytest.mark.mptcp
def test_stream_is_seen_from_both_ends_and_through_trouble() -> None:
    """A stream over two uplinks: bytes by uplink at both ends, a dead uplink told, a lost address survived."""
    sender = ("--uplink", "verizon=verizon", "--uplink", "att=id:2", "--port", str(STREAM_PORT))
    receiver = ("--role", "receiver", "--uplink", "verizon=100.64.10.2", "--uplink", "att=id:2")
    with (
        World() as world,
        streaming(world),
        running(world.pi, *sender) as pi,
        running(world.vps, *receiver, "--port", str(STREAM_PORT)) as vps,
    ):
        for exporter, counter in ((pi, "acknowledged"), (vps, "receive")):
            seen = exporter.until(partial(_all_above, f"mptcp_uplink_{counter}_bytes_total"))
            assert seen["mptcp_connections"] == 1
            assert seen["mptcp_connection_subflows"] == 2
            assert seen["mptcp_connection_fallback"] == 0
            assert seen["mptcp_enabled"] == 1
            assert complaints(exporter.scrape()) == ""
        assert pi.until(lambda found: "mptcp_endpoints" in found)["mptcp_endpoints"] == 2
        assert vps.until(lambda found: "mptcp_connection_head_of_line_gap_bytes" in found)

        world.control.set("att", Change(hole=True), Direction.BOTH)
        dead = pi.until(lambda found: found.get('mptcp_uplink_dead{uplink="att"}') == 1)
        assert dead['mptcp_uplink_capacity_upper_bytes_per_second{uplink="att"}'] == 0
        assert dead['mptcp_uplink_dead{uplink="verizon"}'] == 0

        world.control.set("att", Change(hole=False), Direction.BOTH)
        pi.until(lambda found: found.get('mptcp_uplink_dead{uplink="att"}', 1) == 0)

        world.pi.run(["ip", "addr", "flush", "dev", "verizon"])
        pi.until(lambda found: found['mptcp_uplink_present{uplink="verizon"}'] == 0)
        code, log = pi.end()

    assert code == 0
    assert log.count("uplink verizon: has no address now; waiting for its interface or endpoint") == 1
    assert "100.64." not in log


@pytest.mark.root
@pytest.mark.mptcp
def test_unknown_uplink_waits_and_no_stream_is_no_zero() -> None:
    """An interface that does not exist is told once and waited for; without a stream there is no backlog to show."""
    with Namespace.create("test") as namespace:
        namespace.run(["ip", "link", "set", "lo", "up"])
        with running(namespace, "--uplink", "verizon=wwan0", "--port", str(STREAM_PORT)) as exporter:
            seen = exporter.until(lambda found: found.get('mptcp_uplink_present{uplink="verizon"}') == 0)
            assert "mptcp_connection_backlog_bytes" not in seen
            assert "mptcp_connection_drain_time_seconds" not in seen
            assert seen["mptcp_connections"] == 0

            namespace.run(["ip", "link", "add", "wwan0", "type", "veth", "peer", "name", "far"])
            namespace.run(["ip", "addr", "add", "10.7.0.2/24", "dev", "wwan0"])
            exporter.until(lambda found: found['mptcp_uplink_present{uplink="verizon"}'] == 1)
            _, log = exporter.end()

    assert log.count("uplink verizon: has no address now") == 1
    assert log.count("uplink verizon: has an address again") == 1


@pytest.mark.root
@pytest.mark.mptcp
def test_mptcp_switched_off_is_told() -> None:
    """With net.mptcp.enabled=0 the stream shows as fallen back, and the switch as off."""
    with Namespace.create("test") as namespace:
        namespace.run(["ip", "link", "set", "lo", "up"])
        namespace.sysctl("net.mptcp.enabled", 0)
        with (
            namespace.socket() as server,
            namespace.socket() as client,
            running(namespace, "--uplink", "loop=127.0.0.1", "--port", str(STREAM_PORT)) as exporter,
        ):
            server.bind(("127.0.0.1", STREAM_PORT))
            server.listen()
            client.connect(("127.0.0.1", STREAM_PORT))
            seen = exporter.until(
                lambda found: found.get("mptcp_connection_fallback") == 1 and "mptcp_enabled" in found
            )

            _, log = exporter.end()

    assert seen["mptcp_enabled"] == 0
    assert seen["mptcp_connections"] == 0
    assert log.count("MPTCP: is off here, so nothing is bonded; set net.mptcp.enabled=1") == 1
