"""Keep what was seen, second by second, for the report."""

from __future__ import annotations

import os
import resource
from collections.abc import Sequence
from contextlib import suppress
from pathlib import Path

from deploy.demo.part import Usage
from deploy.demo.report import DecisionRow, ProcessRow, Report, Second
from deploy.demo.snapshot import Snapshot
from deploy.demo.world import World


class Recorder:
    """Collects snapshots; decisions are kept by their time, so that later news of one replaces it."""

    def __init__(self) -> None:
        self._seconds: list[Second] = []
        self._decisions: dict[tuple[float, bool], DecisionRow] = {}

    def see(self, snapshot: Snapshot) -> None:
        """Keep one snapshot. Decisions from before the drive are left out."""
        self._seconds.append(
            Second(
                t=round(snapshot.t, 2),
                capacity_bps={uplink.name: uplink.capacity_bps or 0 for uplink in snapshot.uplinks},
                target_bps=snapshot.target_bps,
                received_bps=snapshot.received_bps,
                state=snapshot.state,
                scene=snapshot.scene,
                picture_age_ingest_s=_rounded(snapshot.picture_age_ingest_s),
                picture_age_platform_s=_rounded(snapshot.picture_age_platform_s),
            )
        )
        for row in (row for row in snapshot.decisions if row.t >= 0):
            self._decisions[row.t, row.scene is None] = row

    def report(self, *, ready_s: float, processes: Sequence[ProcessRow]) -> Report:
        """Everything so far."""
        rows = sorted(self._decisions.values(), key=lambda row: row.t)
        return Report(round(ready_s, 1), tuple(self._seconds), tuple(rows), tuple(processes))

    @staticmethod
    def line(snapshot: Snapshot) -> str:
        """One line for logs: what the live view says, in short."""
        target = "unknown" if snapshot.target_bps is None else f"{snapshot.target_bps / 1e6:.2f}"
        arrives = "unknown" if snapshot.received_bps is None else f"{snapshot.received_bps / 1e6:.2f}"
        carries = " + ".join(
            "unknown" if uplink.capacity_bps is None else f"{uplink.capacity_bps / 1e6:.1f}"
            for uplink in snapshot.uplinks
        )
        return (
            f"{snapshot.t:5.0f} s  {snapshot.state or 'unknown':<9} target {target}, arrives {arrives}, "
            f"uplinks carry {carries} Mbit/s, scene {snapshot.scene or 'unknown'}; {snapshot.event}"
        )


def process_rows(usage: Sequence[Usage], world: World) -> tuple[ProcessRow, ...]:
    """What every process of the demo cost: the parts, the uplink emulator and this program itself."""
    own = resource.getrusage(resource.RUSAGE_SELF)
    return (
        *(ProcessRow(one.name, one.restarts, round(one.cpu_s, 2), one.max_rss_bytes) for one in usage),
        ProcessRow("emulator", 0, round(world.control.read().cpu_s, 2), _max_rss_bytes(world.emulator_pid)),
        ProcessRow("demo", 0, round(own.ru_utime + own.ru_stime, 2), _max_rss_bytes(os.getpid())),
    )


def _max_rss_bytes(pid: int) -> int | None:
    with suppress(OSError):
        for line in Path(f"/proc/{pid}/status").read_text(encoding="ascii", errors="replace").splitlines():
            if line.startswith("VmHWM:"):
                return int(line.split()[1]) * 1024
    return None


def _rounded(value: float | None) -> float | None:
    return None if value is None else round(value, 3)
