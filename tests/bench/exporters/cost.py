"""What reading and exposing costs, side by side with `ss` and with pyroute2's own decoder."""

from __future__ import annotations

import asyncio
import os
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path

from prometheus_client import CollectorRegistry, generate_latest
from pyroute2 import DiagSocket

from deploy.demo.namespaces import Namespace
from exporters.catalog import MPTCP
from exporters.collecting import Clock, Exposition
from exporters.mptcp.reading import Diag
from exporters.mptcp.summing import Scope
from exporters.mptcp.uplinks import Role, Surroundings, parse_uplink
from exporters.mptcp.watching import Watch, sources
from tests.bench.targets import Result

PORT = 5000
SCRAPE_TARGETS_MS = {2: 2.0, 20: 3.0, 200: 15.0}
REPEATS = 40
SUBFLOWS_EACH = 5
WATCH_S = 20.0
AROUND = Surroundings({"lo": frozenset(f"127.0.0.{number}" for number in range(1, 1 + SUBFLOWS_EACH))})
EXPORTER_PORT = 12751


def measure() -> Iterator[Result]:
    """Scrape cost by number of subflows, then CPU and memory of the process."""
    for subflows, target_ms in SCRAPE_TARGETS_MS.items():
        with connected(subflows) as namespace:
            yield _scrape(namespace, subflows, target_ms)
    with connected(4) as namespace:
        yield from _process(namespace)


@contextmanager
def connected(subflows: int) -> Iterator[Namespace]:
    """A namespace with so many subflows: both ends of connections over loopback, five subflows to a connection."""
    extra = min(subflows // 2, SUBFLOWS_EACH) - 1
    with ExitStack() as stack:
        namespace = stack.enter_context(Namespace.create("bench"))
        namespace.run(["ip", "link", "set", "lo", "up"])
        namespace.run(["ip", "mptcp", "limits", "set", "subflows", str(extra), "add_addr_accepted", "0"])
        for number in range(2, 2 + extra):
            namespace.run(["ip", "mptcp", "endpoint", "add", f"127.0.0.{number}", "dev", "lo", "subflow"])
        server = stack.enter_context(namespace.socket(protocol=socket.IPPROTO_MPTCP))
        server.bind(("127.0.0.1", PORT))
        server.listen(subflows)
        for _ in range(subflows // 2 // (1 + extra)):
            client = stack.enter_context(namespace.socket(protocol=socket.IPPROTO_MPTCP))
            client.connect(("127.0.0.1", PORT))
            far = stack.enter_context(server.accept()[0])
            far.sendall(b"x")
            client.recv(1)
        while (found := asyncio.run(_count(namespace))) < subflows:
            time.sleep(0.05)
        if found > subflows:
            raise AssertionError(f"{found} subflows instead of {subflows}")
        yield namespace


async def _count(namespace: Namespace) -> int:
    with namespace.call(Diag) as diag:
        return len((await diag.dump((PORT,))).tcp)


def _scrape(namespace: Namespace, subflows: int, target_ms: float) -> Result:
    """Read, observe, describe and render, as one pass; and what the others take to read only."""
    ours = namespace.call(lambda: asyncio.run(_our_pass()))
    theirs = namespace.call(lambda: _wall_ms(_pyroute2_pass))
    command = namespace.command(["ss", "-tinM"])
    process = _wall_ms(lambda: subprocess.run(command, capture_output=True, check=True))
    nothing = _wall_ms(lambda: subprocess.run(namespace.command(["true"]), capture_output=True, check=True))
    value = (
        f"{ours:.2f} ms; pyroute2, TCP rows only, {theirs:.2f} ms; ss -tinM {process - nothing:.2f} ms, its start aside"
    )
    return Result(f"read and render {subflows} subflows", value, f"{target_ms:g} ms", ours <= target_ms)


async def _our_pass() -> float:
    watch = Watch(Diag, Scope(Role.SENDER, PORT), (parse_uplink("a=lo"),), AROUND)
    clock = Clock(time.monotonic, time.time)
    polled = sources(watch, 0.1)
    registry = CollectorRegistry()
    registry.register(Exposition("mptcp", MPTCP, polled, clock))
    took = []
    for _ in range(REPEATS):
        started = time.perf_counter()
        await polled[0].poll(clock)
        generate_latest(registry)
        took.append(time.perf_counter() - started)
        await asyncio.sleep(0.02)
    await watch.close()
    return _undisturbed_ms(took)


def _pyroute2_pass() -> None:
    with DiagSocket() as diag:
        list(diag.get_sock_stats(family=socket.AF_INET))


def _wall_ms(work: Callable[[], object]) -> float:
    took = []
    for _ in range(REPEATS // 2):
        started = time.perf_counter()
        work()
        took.append(time.perf_counter() - started)
        time.sleep(0.02)
    return _undisturbed_ms(took)


def _undisturbed_ms(took: list[float]) -> float:
    """The lowest tenth's end: what a pass takes when nothing else gets the processor."""
    return sorted(took)[len(took) // 10] * 1000


def _process(namespace: Namespace) -> Iterator[Result]:
    """CPU and memory of the exporter with 4 subflows, sampled at 10 Hz and scraped each second."""
    argv = [
        sys.executable,
        "-m",
        "exporters.mptcp",
        "--uplink",
        "a=127.0.0.1",
        "--uplink",
        "b=127.0.0.2",
        "--port",
        str(PORT),
    ]
    exporter = subprocess.Popen(namespace.command(argv), stderr=subprocess.DEVNULL)
    try:
        time.sleep(3)
        before, started = _cpu_s(exporter.pid), time.monotonic()
        while time.monotonic() < started + WATCH_S:
            _get(namespace)
            time.sleep(1)
        share = (_cpu_s(exporter.pid) - before) / (time.monotonic() - started)
        resident = _resident_mib(exporter.pid)
    finally:
        exporter.terminate()
        exporter.wait()
    yield Result(
        "CPU at 10 Hz, scraped each second, 4 subflows", f"{100 * share:.2f} % of one core", "3 %", share < 0.03
    )
    yield Result("resident memory", f"{resident:.1f} MiB", "40 MiB", resident < 40)


def _get(namespace: Namespace) -> None:
    with namespace.socket() as connection:
        connection.connect(("127.0.0.1", EXPORTER_PORT))
        connection.sendall(b"GET /metrics HTTP/1.0\r\n\r\n")
        while connection.recv(1 << 16):
            pass


def _cpu_s(pid: int) -> float:
    fields = Path(f"/proc/{pid}/stat").read_text(encoding="ascii").rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


def _resident_mib(pid: int) -> float:
    status = Path(f"/proc/{pid}/status").read_text(encoding="ascii")
    return next(int(line.split()[1]) for line in status.splitlines() if line.startswith("VmRSS:")) / 1024
