"""`vvlive override` and `vvlive scene`."""

from __future__ import annotations

import re
from typing import Annotated, Any, Literal

import typer

from controller.commands.asking import BAD_INPUT, DEFAULT_URL, AsJson, Asker, TokenFile, Url, fail, show_json
from controller.commands.looking import clock

_UNITS_S = {"": 1.0, "s": 1.0, "m": 60.0, "h": 3600.0}
OURS = ("main", "simple", "audio_only", "offline")
For = Annotated[str, typer.Option("--for", help="How long: 90s, 10m, 2h.")]
Reason = Annotated[str, typer.Option("--reason", help="Why, for the history.")]


def seconds_of(text: str) -> float:
    """Seconds in a duration like 90s, 10m or 2h; ends the program where it is none."""
    found = re.fullmatch(r"(\d{1,6}(?:\.\d+)?)([smh]?)", text)
    if found is None:
        fail(f"{text} is no duration; write one like 90s, 10m or 2h", BAD_INPUT)
    return float(found[1]) * _UNITS_S[found[2]]


def override(  # noqa: PLR0913 - one option per order
    *,
    url: Url = DEFAULT_URL,
    token_file: TokenFile = None,
    state: Annotated[
        Literal["HIGH", "MEDIUM", "LOW", "VERY_LOW", "ERROR"] | None, typer.Option(help="The quality state to be in.")
    ] = None,
    cap_kbps: Annotated[int | None, typer.Option("--cap-kbps", min=32, help="Never more, in kbit/s.")] = None,
    scene: Annotated[
        Literal["main", "simple", "audio_only", "offline"] | None, typer.Option(help="The scene to show.")
    ] = None,
    for_: For = "10m",
    reason: Reason = "by hand, from the command line",
    hold: Annotated[bool, typer.Option("--hold", help="Stay as it is.")] = False,
    emergency: Annotated[bool, typer.Option("--emergency", help="The simple scene, at once.")] = False,
    audio_only: Annotated[bool, typer.Option("--audio-only", help="Sound only.")] = False,
    end: Annotated[bool, typer.Option("--end", help="End what stands.")] = False,
    as_json: AsJson = False,
) -> None:
    """Give an order that wins until its end, end it with --end, or without any order show what stands."""
    asker = Asker(url, token_file)
    orders = {
        "state": state,
        "bitrate_cap_bps": None if cap_kbps is None else cap_kbps * 1000,
        "scene": scene,
        "hold": hold or None,
        "emergency": emergency or None,
        "audio_only": audio_only or None,
    }
    given = {name: value for name, value in orders.items() if value is not None}
    if end and given:
        fail("--end and an order contradict each other; give one of them", BAD_INPUT)
    if end:
        answer = asker.delete("/api/override")
    elif given:
        answer = asker.post("/api/override", {**given, "for_s": seconds_of(for_), "reason": reason})
    else:
        answer = asker.get("/api/override")
    _show(answer, as_json=as_json)


def scene(  # noqa: PLR0913 - one option per part of an order
    name: Annotated[str, typer.Argument(help="main, simple, audio_only, offline, or the name of any scene in OBS.")],
    *,
    url: Url = DEFAULT_URL,
    token_file: TokenFile = None,
    for_: For = "10m",
    reason: Reason = "by hand, from the command line",
    as_json: AsJson = False,
) -> None:
    """Show a scene: one of ours as an override with an end, any other as if it had been chosen in OBS."""
    asker = Asker(url, token_file)
    if name in OURS:
        body = {"scene": name, "for_s": seconds_of(for_), "reason": reason}
        _show(asker.post("/api/override", body), as_json=as_json)
        return
    answer = asker.post("/api/obs/scene", scene_name=name)
    if as_json:
        show_json(answer)
    else:
        typer.echo(f"{name}: {answer['detail']}")


def _show(answer: dict[str, Any], *, as_json: bool) -> None:
    if as_json:
        show_json(answer)
        return
    standing = answer["override"]
    if standing is None:
        typer.echo("no override")
        return
    orders = ", ".join(standing["orders"])
    typer.echo(f"{orders} by {standing['by']} until {clock(standing['until_s'])}: {standing['reason']}")
