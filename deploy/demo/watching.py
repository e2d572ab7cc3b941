"""Look at every part of the running demo and say what is known: the source of view and report.

Truth comes first hand: capacities from the emulator, bytes from the ingest's counters, ages from the
picture. What the controllers believe and did comes from their APIs. Who does not answer is unknown.
"""

from __future__ import annotations

import asyncio
import time
from contextlib import suppress
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, Self

import aiohttp

from deploy.demo import ports
from deploy.demo.picture.log import newest_age_s
from deploy.demo.readiness import connector
from deploy.demo.report import DecisionRow
from deploy.demo.snapshot import Snapshot, UplinkView
from deploy.demo.world import World
from exporters.ingest.servers.nginx_rtmp import parse
from exporters.ingest.streams import StatError
from exporters.units import bits

TIMEOUT_S = 0.8
PLATFORM_APPLICATION = "platform"


@dataclass(frozen=True, slots=True)
class Pictures:
    """Where the two picture probes write what they see."""

    ingest: Path
    platform: Path


@dataclass(frozen=True, slots=True)
class Received:
    """The ingest's byte counter at a monotonic time."""

    at_s: float
    received_bytes: int


def rate_bps(before: Received | None, now: Received | None) -> int | None:
    """Bit/s between two counts; None without both, or when a new publisher's counter began anew."""
    if before is None or now is None or now.at_s <= before.at_s or now.received_bytes < before.received_bytes:
        return None
    return round(bits(now.received_bytes - before.received_bytes) / (now.at_s - before.at_s))


def edge_rows(decisions: list[dict[str, Any]], start_s: float) -> list[DecisionRow]:
    """The edge controller's decisions as rows, oldest first; `start_s` is the drive's start, epoch."""
    return [_row(entry, "encoder", start_s) for entry in reversed(decisions)]


def vps_rows(decisions: list[dict[str, Any]], start_s: float) -> list[DecisionRow]:
    """The VPS controller's scene changes as rows, oldest first; other entries of its journal are left out."""
    rows, scene = [], None
    for entry in reversed(decisions):
        if entry["scene"] != scene:
            scene = entry["scene"]
            row = _row(entry, "obs", start_s)
            rows.append(replace(row, scene=scene, reason=entry["scene_reason"] or entry["reason"]))
    return rows


def _row(entry: dict[str, Any], device: str, start_s: float) -> DecisionRow:
    order: dict[str, Any] = next((one for one in entry["orders"] if one["device"] == device), {})

    def since_start(key: str) -> float | None:
        at_s = order.get(key)
        return None if at_s is None else round(at_s - start_s, 3)

    target = entry["target"]
    return DecisionRow(
        t=round(entry["at_s"] - start_s, 3),
        from_=entry["changed_from"] or entry["state"],
        to=entry["state"],
        target_bps=target["bitrate_bps"] if target else None,
        scene=None,
        reason=entry["reason"],
        commanded_t=since_start("commanded_s"),
        applied_t=since_start("applied_s"),
        shown_t=since_start("shown_s"),
    )


class Watcher:
    """Asks all parts at once, for the length of an `async with`; `look` never takes longer than a second."""

    def __init__(self, world: World, pictures: Pictures, *, start_s: float) -> None:
        self._world = world
        self._pictures = pictures
        self._start_s = start_s
        self._before: Received | None = None

    async def __aenter__(self) -> Self:
        timeout = aiohttp.ClientTimeout(total=TIMEOUT_S)
        self._pi = aiohttp.ClientSession(connector=connector(self._world.pi), timeout=timeout)
        self._vps = aiohttp.ClientSession(connector=connector(self._world.vps), timeout=timeout)
        return self

    async def __aexit__(self, *_: object) -> None:
        await asyncio.gather(self._pi.close(), self._vps.close())

    async def look(self, event: str) -> Snapshot:
        """Everything as it is now; `event` is what the drive did last."""
        api = f"http://127.0.0.1:{ports.CONTROLLER}/api"
        edge, vps, edge_log, vps_log, received = await asyncio.gather(
            _json(self._pi, f"{api}/status"),
            _json(self._vps, f"{api}/status"),
            _json(self._pi, f"{api}/decisions"),
            _json(self._vps, f"{api}/decisions"),
            self._received(),
        )
        received_bps = rate_bps(self._before, received)
        self._before = received
        start_s, now_s = self._start_s, time.time()
        rows = edge_rows(edge_log.get("decisions", []), start_s) + vps_rows(vps_log.get("decisions", []), start_s)
        plays = (edge.get("encoder") or {}).get("plays") or {}
        return Snapshot(
            t=now_s - start_s,
            event=event,
            uplinks=self._uplinks(edge),
            state=edge.get("state"),
            target_bps=(edge.get("target") or {}).get("bitrate_bps"),
            confirmed_bps=plays.get("bitrate_bps"),
            received_bps=received_bps,
            drain_time_s=(edge.get("observed") or {}).get("drain_time_s"),
            scene=(vps.get("studio") or {}).get("shows"),
            picture_age_ingest_s=newest_age_s(self._pictures.ingest, now_s),
            picture_age_platform_s=newest_age_s(self._pictures.platform, now_s),
            decisions=tuple(sorted(rows, key=lambda row: row.t)),
            problems=tuple(_problems(edge, "edge controller") + _problems(vps, "VPS controller")),
        )

    def _uplinks(self, edge: dict[str, Any]) -> tuple[UplinkView, ...]:
        capacity = self._world.control.read().capacity_bps()
        seen = {uplink["name"]: uplink for uplink in edge.get("uplinks", [])}
        return tuple(
            UplinkView(
                name=name,
                capacity_bps=round(capacity_bps),
                sent_bps=seen.get(name, {}).get("delivered_bps"),
                rtt_s=seen.get(name, {}).get("rtt_s"),
                dead=seen.get(name, {}).get("dead"),
            )
            for name, capacity_bps in capacity.items()
        )

    async def _received(self) -> Received | None:
        with suppress(aiohttp.ClientError, OSError, StatError):
            async with self._vps.get(f"http://127.0.0.1:{ports.INGEST_STAT}/stat") as answer:
                page = await answer.read()
            counts = [one.received_bytes for one in parse(page) if one.application != PLATFORM_APPLICATION]
            known = [count for count in counts if count is not None]
            return Received(time.monotonic(), sum(known)) if known else None
        return None


async def _json(session: aiohttp.ClientSession, url: str) -> dict[str, Any]:
    with suppress(aiohttp.ClientError, OSError, ValueError):
        async with session.get(url) as answer:
            if answer.ok:
                found = await answer.json()
                return found if isinstance(found, dict) else {}
    return {}


def _problems(status: dict[str, Any], name: str) -> list[str]:
    if not status:
        return [f"{name}: does not answer"]
    devices = [status.get("encoder") or {}, status.get("studio") or {}, status["source"]]
    return [f"{name}: {device['problem']}" for device in devices if device.get("problem")]
