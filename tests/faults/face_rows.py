"""What askers, Alertmanager, the other controller and the disk do wrong, row by row."""

from __future__ import annotations

import asyncio
import sqlite3
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from tests.controller.faces import ALERT

if TYPE_CHECKING:
    from pathlib import Path

    from tests.faults.face_stage import Stage

Deed = Callable[["Stage"], Awaitable[None]]
OVERRIDE, LINKED, KEPT = "vvlive_override_active", "vvlive_link_connected", "vvlive_timeline_writable"
WEBHOOK = "/webhooks/alertmanager"
JSON = {"Content-Type": "application/json"}


@dataclass(frozen=True, slots=True)
class Row:
    """One failure. `metrics` by name; `reads` is in what the operator is told; `undo` ends what does not pass."""

    did: str
    deed: Deed
    metrics: Mapping[str, float]
    reads: str
    undo: Deed | None = None


def posting(path: str, *, times: int = 1, token: str | None = None, **request: Any) -> Deed:  # noqa: ANN401 - httpx' own
    """Send that so often, at once."""
    shown = {} if token is None else {"token": token}

    async def deed(stage: Stage) -> None:
        await asyncio.gather(*(stage.ask("POST", path, **shown, **request) for _ in range(times)))

    return deed


def alerted(status: str, *, version: str = "4", token: str = ALERT, times: int = 1) -> Deed:
    """A notification of one alert."""
    alert = {
        "status": status,
        "labels": {"alertname": "IngestGone", "rig": "r1"},
        "annotations": {"summary": "Nothing arrives."},
        "startsAt": "2026-11-01T10:00:00Z",
        "fingerprint": "a1b2",
    }
    return posting(WEBHOOK, times=times, token=token, json={"version": version, "alerts": [alert]})


async def end_first(stage: Stage) -> None:
    """The end of an alert arrives before its beginning."""
    await alerted("resolved")(stage)
    await alerted("firing")(stage)


def connecting(count: int, text: bytes) -> Deed:
    """Open so many connections, say that, and ask once in the proper way."""

    async def deed(stage: Stage) -> None:
        await asyncio.gather(*(stage.connect(text) for _ in range(count)))
        await asyncio.sleep(0.2)
        await stage.client.aclose()
        stage.client = stage.fresh_client()
        await stage.ask("GET", "/api/override")

    return deed


async def disconnected(stage: Stage) -> None:
    """All those connections go."""
    for writer in stage.connections:
        writer.transport.abort()


def other_end(fault: str) -> Deed:
    """The other controller does that from now on."""

    async def deed(stage: Stage) -> None:
        stage.rogue.fault = fault

    return deed


async def other_gone(stage: Stage) -> None:
    """The other controller is killed."""
    await stage.rogue.stop()


async def other_back(stage: Stage) -> None:
    """The other controller is started again."""
    await stage.rogue.start()


async def locked(stage: Stage) -> None:
    """Another program holds the timeline for writing."""
    stage.other_program = sqlite3.connect(stage.timeline, isolation_level=None)
    stage.other_program.execute("BEGIN EXCLUSIVE")
    stage.note()


async def unlocked(stage: Stage) -> None:
    """It lets go."""
    assert stage.other_program is not None
    stage.other_program.execute("ROLLBACK")
    stage.note()


async def full(stage: Stage) -> None:
    """The disk has no page left."""
    stage.bound_pages(1)
    for _ in range(200):
        stage.note()


async def room_again(stage: Stage) -> None:
    """Somebody makes room."""
    stage.bound_pages(1_000_000)
    stage.note()


def _is_index(path: Path) -> bool:
    return path.name.endswith("-shm")


async def damaged(stage: Stage) -> None:
    """Something writes over the timeline's file; its index last, which SQLite would mend and go on from memory."""
    for path in sorted(stage.timeline.parent.glob(f"{stage.timeline.name}*"), key=_is_index):
        size = path.stat().st_size
        with path.open("r+b") as file:
            file.write(b"\xa5" * size)
    stage.note()
    await asyncio.sleep(0.5)
    await stage.ask("GET", "/api/events")


async def without_state_dir(stage: Stage) -> None:
    """Somebody deletes state_dir while an order is given."""
    for path in stage.timeline.parent.iterdir():
        path.unlink()
    stage.timeline.parent.rmdir()
    await stage.ask("POST", "/api/override", json={"reason": "r", "hold": True})


FINE: dict[str, float] = {KEPT: 1.0, LINKED: 1.0, OVERRIDE: 0.0}
ORDER = {"reason": "r", "hold": True}
ROWS = (
    Row("an asker sends no JSON", posting("/api/override", content=b"{", headers=JSON), FINE, "422 "),
    Row("an asker sends what is no text", posting("/api/override", content=b"\xc3\x28", headers=JSON), FINE, "400 "),
    Row("an asker sends 2 MB", posting("/api/override", content=b" " * 2_000_000), FINE, "the body is too large"),
    Row("an order of a year", posting("/api/override", json={**ORDER, "for_s": 3e7}), FINE, "equal to 14400"),
    Row("a wrong token, 30 times", posting("/api/override", times=30, token="x" * 20, json=ORDER), FINE, "429 "),
    Row(
        "an order, 40 times at once",
        posting("/api/override", times=40, json=ORDER),
        {**FINE, OVERRIDE: 1.0},
        "too many requests: ask less often",
    ),
    Row("half a request from 20, and silence", connecting(20, b"POST /api/override HTTP/1.1\r\n"), FINE, "200 "),
    Row("120 connections that say nothing", connecting(120, b""), FINE, "Service Unavailable", disconnected),
    Row("Alertmanager speaks version 5", alerted("firing", version="5"), FINE, "422 "),
    Row("Alertmanager shows another's token", alerted("firing", token="control" * 4), FINE, "has not the scope alert"),
    Row(
        "a notification ten times over",
        alerted("firing", times=10),
        {**FINE, OVERRIDE: 1.0},
        "IngestGone is firing: Nothing arrives.",
        alerted("resolved"),
    ),
    Row("an alert's end before its beginning", end_first, FINE, '200 {"alerts":1}'),
    Row("the VPS is gone", other_gone, {LINKED: 0.0, KEPT: 1.0}, "is it running, and is link.url right?", other_back),
    Row("the VPS hangs", other_end("hang"), {LINKED: 0.0, KEPT: 1.0}, "did not answer within 2 s", other_end("")),
    Row("the VPS refuses", other_end("refuse"), {LINKED: 0.0}, "refuses the token", other_end("")),
    Row("the VPS is another server", other_end("garbage"), {LINKED: 0.0}, "is no VVLIVE controller", other_end("")),
    Row("the VPS answers without end", other_end("endless"), {LINKED: 0.0}, "answers too much", other_end("")),
    Row("the VPS breaks off", other_end("break"), {LINKED: 0.0}, "controller broke: ", other_end("")),
    Row("the VPS orders nonsense", other_end("nonsense"), FINE, "no order can be taken", other_end("")),
    Row("another program locks the timeline", locked, {KEPT: 0.0, LINKED: 1.0}, "database is locked", unlocked),
    Row("the disk is full", full, {KEPT: 0.0, LINKED: 1.0}, "database or disk is full", room_again),
    Row("the timeline's file is written over", damaged, {KEPT: 0.0}, "restart the controller"),
    Row("state_dir is deleted", without_state_dir, {OVERRIDE: 0.0}, "state_dir cannot be written"),
)
