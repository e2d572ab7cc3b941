"""`vvlive status` and `vvlive why`."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import TYPE_CHECKING, Annotated, Any

import typer
from rich.console import Console
from rich.table import Table
from rich.text import Text

from controller.commands import recalling
from controller.commands.asking import DEFAULT_URL, WRONG, AsJson, Asker, TokenFile, Url, fail, show_json

if TYPE_CHECKING:
    from collections.abc import Iterable


def status(url: Url = DEFAULT_URL, token_file: TokenFile = None, *, as_json: AsJson = False) -> None:
    """Say how the stream is. Ends with 1 where automation is not armed or a device does not answer."""
    found = Asker(url, token_file).get("/api/status")
    if as_json:
        show_json(found)
    else:
        _print_status(found)
    if troubles(found):
        raise typer.Exit(WRONG)


def why(
    url: Url = DEFAULT_URL,
    token_file: TokenFile = None,
    last: Annotated[int, typer.Option(min=1, max=1000, help="How many decisions.")] = 5,
    at: Annotated[
        str | None, typer.Option(help="A moment instead, like 14:32: half a minute before it and a minute after.")
    ] = None,
    *,
    as_json: AsJson = False,
) -> None:
    """Say what was decided last, or at a moment, why, and what became of it."""
    asker = Asker(url, token_file)
    if at is not None:
        _recall(asker, recalling.moment_of(at, now=datetime.now(UTC).astimezone()), as_json=as_json)
        return
    found = recalling.last_decisions(asker, last)
    if as_json:
        show_json(found)
        return
    for line in by_hand(asker.get("/api/status")):
        typer.echo(line)
    if not found:
        typer.echo("Nothing was decided yet.")
    _tell(found)


def _recall(asker: Asker, at: datetime, *, as_json: bool) -> None:
    """Print what the timeline has of that moment; ends with 1 where it has nothing."""
    at_s = at.timestamp()
    since_s, until_s = at_s - recalling.BEFORE_S, at_s + recalling.AFTER_S
    found = recalling.recalled(recalling.events_between(asker, since_s=since_s, until_s=until_s))
    if not found:
        oldest = asker.get("/api/events", after=0, limit=1)["events"]
        begins = f"it begins {day(oldest[0]['at_s'])} {clock(oldest[0]['at_s'])}" if oldest else "it is empty"
        fail(f"the timeline has nothing around {day(at_s)} {clock(at_s)}; {begins}", WRONG)
    if as_json:
        show_json(found)
    else:
        _tell(found)


def _tell(found: Iterable[recalling.Happened]) -> None:
    console = Console()
    for one in found:
        first, *more = recalling.told(one)
        console.print(Text(f"{clock(one['at_s'])}  {first}", style="bold" if more else ""), soft_wrap=True)
        for line in more:
            console.print(Text(f"        {line}"), soft_wrap=True)


def troubles(found: dict[str, Any]) -> list[str]:
    """What is wrong, one line each."""
    lines = [] if found["source"]["armed"] else [found["source"]["self_test"]]
    if found["source"]["problem"]:
        lines.append(found["source"]["problem"])
    for key, name in (("encoder", "the encoder"), ("studio", "OBS")):
        device = found[key]
        if device is not None and device["reachable"] is False:
            lines.append(device["problem"] or f"{name} does not answer")
    lines += [f"studio: {text}" for text in (found["studio"] or {}).get("findings", ())]
    if found["vps_problem"] is not None:
        lines.append(found["vps_problem"])
    if found["history_problem"] is not None:
        lines.append(f"history is not kept: {found['history_problem']}")
    if found["edge"] is not None and not found["edge"]["connected"]:
        lines.append("the rig's controller is not connected")
    return lines


def by_hand(found: dict[str, Any]) -> list[str]:
    """What somebody set at a device and is left so, one line each."""
    devices = ((name, found[name]) for name in ("encoder", "studio"))
    return [
        f"{name}: changed by hand, respected for {device['changed_by_hand_for_s']:.0f} s more"
        for name, device in devices
        if device is not None and device["changed_by_hand_for_s"] is not None
    ]


def clock(at_s: float) -> str:
    """A moment on the wall clock here."""
    return datetime.fromtimestamp(at_s).astimezone().strftime("%H:%M:%S")


def day(at_s: float) -> str:
    """The day of a moment here."""
    return datetime.fromtimestamp(at_s).astimezone().strftime("%Y-%m-%d")


def _known(value: object, unit: str = "") -> str:
    return "unknown" if value is None else f"{value}{unit}"


def rate(bps: float | None) -> str:
    """A bitrate in words."""
    return "unknown" if bps is None else f"{bps / 1e6:.2f} Mbit/s"


def _print_status(found: dict[str, Any]) -> None:
    console = Console()
    edge = (found["edge"] or {}).get("status") or {}
    state = found["state"] if found["encoder"] else edge.get("state") or found["edge_state"]
    departs = found["out_of_band"] if found["encoder"] else edge.get("out_of_band", [])
    besides = f", {' and '.join(part.replace('_', ' ') for part in departs)} not yet in its band" if departs else ""
    console.print(Text(f"{found['rig']}: {_known(state)}{besides}", style="bold"))
    for line in troubles(found):
        console.print(Text(line, style="red"))
    for line in by_hand(found):
        console.print(Text(line))
    if found["override_until_s"] is not None:
        orders = ", ".join(found["override_orders"])
        console.print(Text(f"by hand until {clock(found['override_until_s'])}: {orders} ({found['override_reason']})"))
    if found["reason"] and found["encoder"]:
        console.print(Text(found["reason"]))
    if found["studio"]:
        console.print(Text(f"scene {_known(found['studio']['shows_name'])}: {_known(found['scene_reason'])}"))
    seen = found["observed"] or {}
    console.print(
        Text(
            f"delivered {rate(seen.get('delivered_bps'))}, at least {rate(seen.get('capacity_lower_bps'))},"
            f" at most {rate(seen.get('capacity_upper_bps'))}, data {_known(seen.get('freshness'))}"
        )
    )
    table = Table("uplink", "alive", "delivers", "RTT", box=None)
    for one in found["uplinks"]:
        alive = {None: "unknown", True: "dead", False: "alive"}[one["dead"]]
        rtt = "unknown" if one["rtt_s"] is None else f"{1000 * one['rtt_s']:.0f} ms"
        table.add_row(Text(one["name"]), alive, rate(one["delivered_bps"]), rtt)
    if found["uplinks"]:
        console.print(table)
