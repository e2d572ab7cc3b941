"""Recovery of the bond with and without the guard: `python -m tests.bench.guard`. Needs root; minutes.

One of two uplinks of 4 Mbit/s turns into a black hole under a stream of 2.5 Mbit/s, and heals. Per
case: medians (and the worst) of the runs. `carries` is the time from healing until the healed uplink
carries video again. With `--dark` both uplinks go; `first` is the time from healing to the first byte.
"""

from __future__ import annotations

import argparse
import statistics
import subprocess
import sys
import tempfile
import time
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from deploy.demo.link import Change
from deploy.demo.namespaces import NamespaceError
from deploy.demo.world import ATT, VERIZON, Uplink, World
from mptcp.doctor.dropin import Side, shipped
from tests.bench.guard_stream import Arrival, Stream, recovery_s, stall_s

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

RATE_BPS = 2_500_000
LINKS = tuple(Uplink(each.name, each.address, delay_s=each.delay_s, rate_bps=4_000_000) for each in (VERIZON, ATT))
PORT = 5000
RESPONDER_PORT = 8445
WARM_S = 3.0
CARRIES_BYTES = 15_000  # ten full segments: probes and handshakes do not add up to it in a run
HEALED_S = 5.0
JIFFY_S = 0.01


@dataclass(frozen=True, slots=True)
class Run:
    """What one run showed, in seconds; None where it did not happen."""

    stall_s: float
    recovery_s: float | None
    latest_s: float
    carries_s: float | None
    first_s: float | None
    hung: bool


@contextmanager
def guarded(world: World, *, port: int = PORT) -> Iterator[subprocess.Popen[bytes]]:
    """Responder and guard running in the world; the guard's process."""
    with tempfile.TemporaryDirectory(prefix="vvlive-") as folder:
        key = Path(folder, "key")
        key.write_text("0123456789abcdef0123456789abcdef")
        common = ["--key-file", str(key)]
        responder = [
            sys.executable, "-m", "mptcp.guard.responder", "--listen", f"{world.server}:{RESPONDER_PORT}", *common,
        ]  # fmt: skip
        guard = [sys.executable, "-m", "mptcp.guard", "--port", str(port), "--state", f"{folder}/endpoints.json"]
        guard += [f"--uplink={each.name}={each.name}" for each in world.uplinks]
        guard += ["--responder", f"{world.server}:{RESPONDER_PORT}", *common]
        log = Path(folder, "log")
        with log.open("wb") as out, subprocess.Popen(world.vps.command(responder), stderr=out) as echoing:
            with subprocess.Popen(world.pi.command(guard), stderr=out) as guarding:
                _wait_for(log, "serving")
                try:
                    yield guarding
                finally:
                    guarding.terminate()
                    guarding.wait()
                    echoing.terminate()
            if "-v" in sys.argv:
                sys.stderr.write(log.read_text())


def _wait_for(log: Path, word: str) -> None:
    until_s = time.monotonic() + 20
    while word not in log.read_text():
        if time.monotonic() > until_s:
            raise SystemExit(f"the guard did not start:\n{log.read_text()}")
        time.sleep(0.05)


def blackout(names: Sequence[str], *, guard: bool, outage_s: float) -> Run:
    """One run: the named uplinks go dark together, and heal together."""
    with World(LINKS) as world:
        set_up(world)
        if not guard:
            return _blackout(world, names, outage_s)
        with guarded(world):
            return _blackout(world, names, outage_s)


def set_up(world: World) -> None:
    """The settings and limits of pi-up and vps-up, as far as a namespace allows them."""
    for host, side, subflows in ((world.pi, Side.PI, len(world.uplinks) + 2), (world.vps, Side.VPS, 8)):
        host.run(["ip", "mptcp", "limits", "set", "subflows", str(subflows), "add_addr_accepted", "0"])
        for setting in (setting for dropin in shipped(side) for setting in dropin.settings):
            if host.has_sysctl(setting.key):
                with suppress(NamespaceError):  # congestion control, which the world sets by route
                    host.sysctl(setting.key, setting.value)


def _blackout(world: World, names: Sequence[str], outage_s: float) -> Run:
    with Stream(world, port=PORT, rate_bps=RATE_BPS) as stream:
        time.sleep(WARM_S)
        dark_s = _switch(world, names, hole=True)
        time.sleep(outage_s)
        healed_s = _switch(world, names, hole=False)
        carries_s = _carries(world, names, healed_s)
        time.sleep(max(0.0, healed_s + HEALED_S - time.monotonic()))
        end_s = time.monotonic()
    return _judge(stream.receiver.arrivals, dark_s, healed_s, end_s, carries_s)


def _judge(arrivals: Sequence[Arrival], dark_s: float, healed_s: float, end_s: float, carries_s: float | None) -> Run:
    during = [each.latency_s for each in arrivals if dark_s <= each.at_s <= healed_s]
    after = [each.at_s for each in arrivals if each.at_s > healed_s]
    return Run(
        stall_s=stall_s(arrivals, dark_s, healed_s),
        recovery_s=recovery_s(arrivals, dark_s, healed_s, rate_bps=RATE_BPS),
        latest_s=max(during, default=0.0),
        carries_s=carries_s,
        first_s=after[0] - healed_s if after else None,
        hung=not after or end_s - after[-1] > 1.0,
    )


def _switch(world: World, names: Sequence[str], *, hole: bool) -> float:
    for name in names:
        world.control.set(name, Change(hole=hole))
    return time.monotonic()


def _carries(world: World, names: Sequence[str], healed_s: float) -> float | None:
    """How long until each of the healed uplinks has carried ten segments."""
    start = world.control.read().up
    while time.monotonic() < healed_s + HEALED_S:
        now = world.control.read().up
        if all(now[name].out_bytes - start[name].out_bytes >= CARRIES_BYTES for name in names):
            return time.monotonic() - healed_s
        time.sleep(0.02)
    return None


def cost(length_s: float) -> tuple[float, float]:
    """The guard's share of one core, and its resident megabytes, beside a healthy stream."""
    with World(LINKS) as world, guarded(world) as guard, Stream(world, port=PORT, rate_bps=RATE_BPS):
        set_up(world)
        time.sleep(WARM_S)
        before = _cpu_s(guard.pid)
        time.sleep(length_s)
        share = (_cpu_s(guard.pid) - before) / length_s
        status = Path(f"/proc/{guard.pid}/status").read_text()
    return share, int(status.partition("VmRSS:")[2].split()[0]) / 1024


def _cpu_s(pid: int) -> float:
    fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) * JIFFY_S


def _row(title: str, runs: Sequence[Run]) -> str:
    columns: tuple[list[float | None], ...] = (
        [run.stall_s for run in runs],
        [run.recovery_s for run in runs],
        [run.latest_s for run in runs],
        [run.carries_s for run in runs],
        [run.first_s for run in runs],
    )
    hung = f"{sum(run.hung for run in runs)} of {len(runs)}"
    return "  ".join([title.ljust(34), *map(_cell, columns), hung])


def _cell(values: Sequence[float | None]) -> str:
    known = [value for value in values if value is not None]
    if len(known) < len(values):
        return f"{len(values) - len(known)} never".rjust(13)
    return f"{statistics.median(known):5.2f} ({max(known):4.2f})".rjust(13)


def main() -> None:
    """Run the cases and print the table."""
    parser = argparse.ArgumentParser(prog="tests.bench.guard", description=__doc__)
    parser.add_argument("--runs", type=int, default=10)
    parser.add_argument("--plain-runs", type=int, default=3, help="runs without the guard")
    parser.add_argument("--outage", type=float, default=6.0, metavar="SECONDS")
    parser.add_argument("--dark", action="store_true", help="both uplinks at once, too")
    parser.add_argument("-v", action="store_true", help="show the guard's log")
    options = parser.parse_args()
    share, megabytes = cost(20.0)
    sys.stdout.write(f"guard beside a healthy stream: {share:.1%} of a core, {megabytes:.0f} MB resident\n")
    heads = ("stall", "recovered", "max latency", "carries", "first")
    sys.stdout.write("  ".join(["".ljust(34), *(head.rjust(13) for head in heads), "hung"]) + "\n")
    both: list[tuple[str, tuple[str, ...]]] = [("both dark", ("verizon", "att"))]
    one: list[tuple[str, tuple[str, ...]]] = [("initial uplink dark", ("verizon",)), ("joined uplink dark", ("att",))]
    for title, names in one + both if options.dark else one:
        for guard, count in ((True, options.runs), (False, options.plain_runs)):
            runs = [blackout(names, guard=guard, outage_s=options.outage) for _ in range(count)]
            if runs:
                sys.stdout.write(_row(f"{title}, {'guard' if guard else 'no guard'}", runs) + "\n")
            sys.stdout.flush()


if __name__ == "__main__":
    main()
