"""What encoders do wrong, row by row: what one did, what the metrics say of it, what the operator reads.

Each deed is done to an encoder that was driven for a while by a controller at work.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING

from controller.decision.model import Quality

if TYPE_CHECKING:
    from tests.faults.encoder_stage import Stage

Deed = Callable[["Stage"], Awaitable[None]]
REACHABLE, CONFIRMED = "vvlive_device_reachable", "vvlive_actuation_confirmed"
PLAYS = "vvlive_encoder_confirmed_bytes_per_second"
AWAY: Mapping[str, float | None] = {REACHABLE: 0.0, CONFIRMED: 0.0, PLAYS: None}
NOT_DONE: Mapping[str, float | None] = {REACHABLE: 1.0, CONFIRMED: 0.0}
FINE: Mapping[str, float | None] = {REACHABLE: 1.0, CONFIRMED: 1.0}
# 600 kbit/s, of which an order to the lowest rung is known to have been carried out.
LOWERED = {**FINE, PLAYS: 75_000.0}


@dataclass(frozen=True, slots=True)
class Row:
    """One failure. `metrics` by name, None for absent; `reads` is in what the operator is told; `undo` ends it.

    Without `undo` it is none that passes within seconds, or nothing that has to. `character` is what the
    simulated device is from the start.
    """

    driver: str
    did: str
    deed: Deed
    metrics: Mapping[str, float | None]
    reads: str
    undo: Deed | None = None
    character: str = ""


def trouble(kind: str, *paths: str) -> Deed:
    """From now on the unit does that at those paths."""

    async def deed(stage: Stage) -> None:
        for path in paths or ("/get_status", "/get_output"):
            stage.device.trouble[path] = [kind] * 1_000

    return deed


async def untroubled(stage: Stage) -> None:
    """The unit answers as it should."""
    stage.device.trouble.clear()


def then(*deeds: Deed) -> Deed:
    """One after the other."""

    async def deed(stage: Stage) -> None:
        for one in deeds:
            await one(stage)

    return deed


async def lower(stage: Stage) -> None:
    """A lower bitrate is wanted."""
    await stage.want(Quality.VERY_LOW)


async def higher(stage: Stage) -> None:
    """A higher bitrate is wanted."""
    await stage.want(Quality.HIGH)


def is_now(**fields: object) -> Deed:
    """The simulated device is that from now on."""

    async def deed(stage: Stage) -> None:
        for name, value in fields.items():
            setattr(stage.device, name, value)

    return deed


def tells(part: str, **fields: str) -> Deed:
    """The unit's status or settings say that from now on."""

    async def deed(stage: Stage) -> None:
        getattr(stage.device, part).update(fields)

    return deed


async def stale_nonce(stage: Stage) -> None:
    """Every Digest computed so far is refused once."""
    stage.device.new_nonce()


async def reboots(stage: Stage) -> None:
    """The unit starts again by itself."""
    stage.device.reboot()


async def leaves(stage: Stage) -> None:
    """The server, the process or the phone ends."""
    await stage.device.__aexit__(None, None, None)


async def comes_back(stage: Stage) -> None:
    """And is there again."""
    await stage.device.__aenter__()


async def killed(stage: Stage) -> None:
    """The process is killed."""
    stage.device.kill()


def replaced(text: str) -> Deed:
    """Another program stands in the place of the user's."""

    async def deed(stage: Stage) -> None:
        stage.device.write_text(text)

    return deed


BAD = "bad reply"
ROWS = (
    Row("uray", "is unplugged", leaves, AWAY, "no connection; check its power, cable and address"),
    Row("uray", "hangs: takes the connection, never answers", trouble("hangs"), AWAY, "no whole answer", untroubled),
    Row("uray", "refuses the password (401)", is_now(auth="strange"), AWAY, "user name or password refused"),
    Row("uray", "lets its Digest go stale", then(stale_nonce, lower), LOWERED, ""),
    Row("uray", "closes the connection in mid-answer", trouble("closes"), AWAY, "closed without a whole", untroubled),
    Row("uray", "answers with a web page (200)", trouble("html"), AWAY, BAD, untroubled),
    Row("uray", "answers with nothing (200)", trouble("empty"), AWAY, BAD, untroubled),
    Row("uray", "answers with half a document", trouble("truncated"), AWAY, BAD, untroubled),
    Row("uray", "answers without end", trouble("endless"), AWAY, "far too long", untroubled),
    Row("uray", "answers with entities that expand", trouble("entities"), AWAY, BAD, untroubled),
    Row("uray", "answers HTTP 500", trouble("http 500"), AWAY, "HTTP 500", untroubled),
    Row("uray", "sends us elsewhere (302)", trouble("redirect"), AWAY, "HTTP 302", untroubled),
    Row(
        "uray",
        "says succeed and keeps the old settings",
        then(is_now(applies="nothing"), lower),
        NOT_DONE,
        "said `succeed`, but these read back otherwise",
        is_now(applies="live"),
    ),
    Row(
        "uray",
        "applies half of an order",
        then(is_now(applies="half"), lower),
        NOT_DONE,
        "read back otherwise: venc_bitrate",
        is_now(applies="live"),
    ),
    Row(
        "uray",
        "says something else than succeed",
        then(trouble("other words", "/set_output"), lower),
        NOT_DONE,
        "did not say `succeed`",
        untroubled,
    ),
    Row(
        "uray", "takes an order and never answers it", then(trouble("works and hangs", "/set_output"), lower), FINE, ""
    ),
    Row("uray", "reboots by itself", then(tells("status", runtime="9000"), reboots), FINE, "it restarted"),
    Row(
        "uray",
        "is overloaded (CPU 92 %) when more is asked",
        then(tells("status", cpuusage="92"), higher),
        NOT_DONE,
        "its CPU is at 92%",
        tells("status", cpuusage="41"),
    ),
    Row(
        "uray",
        "holds the rate by itself (strong CBR)",
        then(tells("stored", ts_muxrate="4000"), lower),
        NOT_DONE,
        "strong CBR is on (ts_muxrate)",
    ),
    Row(
        "uray",
        "is changed by hand on its own page",
        tells("stored", venc_bitrate="777"),
        NOT_DONE,
        "it was changed by hand; that is respected",
    ),
    Row(
        "uray",
        "has no picture at its input",
        tells("vi", video_ok="0", framerate="0"),
        {REACHABLE: 1.0},
        "no picture comes in: check the camera and its cable",
        tells("vi", video_ok="1", framerate="30"),
    ),
    Row(
        "uray",
        "loses its push",
        tells("venc", rtmp_status="-1"),
        {REACHABLE: 1.0},
        "its push was down for 2 s and is switched off and on",
        tells("venc", rtmp_status="0"),
    ),
    Row("gst", "ends", leaves, AWAY, "cannot be reached", comes_back),
    Row("gst", "hangs", is_now(character="hangs"), AWAY, "did not answer within", is_now(character="honest")),
    Row("gst", "closes without an answer", is_now(character="closes"), AWAY, "closed the", is_now(character="honest")),
    Row("gst", "answers garbage", is_now(character="garbage"), AWAY, "answered badly", is_now(character="honest")),
    Row(
        "gst",
        "says applied and does nothing",
        then(is_now(character="lies"), lower),
        NOT_DONE,
        "it said applied, but reads back otherwise",
        is_now(character="honest"),
    ),
    Row(
        "gst",
        "changes the bitrate and not the size",
        then(is_now(character="half"), lower),
        NOT_DONE,
        "it said applied, but reads back otherwise",
        is_now(character="honest"),
    ),
    Row(
        "gst",
        "refuses",
        then(is_now(character="refuses"), lower),
        NOT_DONE,
        "not now",
        is_now(character="honest"),
    ),
    Row(
        "gst",
        "loses its source",
        is_now(has_input=False),
        {REACHABLE: 1.0},
        "no picture comes in",
        is_now(has_input=True),
    ),
    Row("exec", "is no program any more", replaced("#!/nonexistent/shell\n"), AWAY, "cannot be started"),
    Row("exec", "ends with an error", replaced("#!/bin/sh\nexit 3\n"), AWAY, "ended with status 3"),
    Row("exec", "writes garbage", replaced("#!/bin/sh\necho '<html>'\n"), AWAY, "not one JSON object"),
    Row("exec", "says applied and does nothing", lower, NOT_DONE, "said applied, but reads back", character="lies"),
    Row("moblin", "hangs up", leaves, AWAY, "no phone is connected", comes_back),
    Row(
        "moblin",
        "says ok to a preset and keeps the old one",
        then(is_now(character="lies"), lower),
        NOT_DONE,
        "the phone answered ok, and tells no change",
        is_now(character="honest"),
    ),
    Row(
        "moblin",
        "takes an order and never answers",
        then(is_now(character="hangs"), lower),
        NOT_DONE,
        "the phone answered nothing",
        is_now(character="honest"),
    ),
    Row("belacoder", "ends, as it does when its link is lost", killed, AWAY, "no belacoder runs"),
    Row(
        "belacoder",
        "does not read its file any more",
        lower,
        NOT_DONE,
        "did not open its bitrate file",
        character="deaf",
    ),
)
