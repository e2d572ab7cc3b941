"""The live terminal view: a snapshot in, something to print out."""

from __future__ import annotations

from collections.abc import Sequence

from rich.console import Group, RenderableType
from rich.panel import Panel
from rich.table import Table
from rich.text import Text

from deploy.demo.report import DecisionRow
from deploy.demo.snapshot import Snapshot, UplinkView

UNKNOWN = Text("unknown", style="dim italic")
STATE_STYLE = {
    "HIGH": "bold green",
    "MEDIUM": "bold cyan",
    "LOW": "bold yellow",
    "VERY_LOW": "bold dark_orange",
    "RECOVERY": "bold blue",
    "ERROR": "bold red",
}
BAR_CELLS = 24
BAR_FULL_BPS = 8_000_000
LATE_S = 2.0
DECISIONS_SHOWN = 6


def _mbit(value_bps: float | None) -> Text:
    return UNKNOWN if value_bps is None else Text(f"{value_bps / 1e6:.2f} Mbit/s")


def _age(value_s: float | None) -> Text:
    if value_s is None:
        return Text("no picture", style="red")
    return Text(f"{value_s:.1f} s", style="red" if value_s > LATE_S else "green")


def _bar(uplink: UplinkView) -> Text:
    """Capacity as a bar, the part in use filled."""
    if uplink.capacity_bps is None:
        return UNKNOWN
    if uplink.capacity_bps == 0:
        return Text("black".center(BAR_CELLS, "x"), style="red")
    wide = max(1, min(BAR_CELLS, round(BAR_CELLS * uplink.capacity_bps / BAR_FULL_BPS)))
    used = min(wide, round(BAR_CELLS * (uplink.sent_bps or 0.0) / BAR_FULL_BPS))
    return Text.assemble(("█" * used, "green"), ("░" * (wide - used), "green"), " " * (BAR_CELLS - wide))


def _uplinks(uplinks: Sequence[UplinkView]) -> Table:
    table = Table(box=None, pad_edge=False)
    for title in ("uplink", "", "carries", "sends", "RTT", ""):
        table.add_column(title, style="bold" if title == "uplink" else "")
    for uplink in uplinks:
        rtt = UNKNOWN if uplink.rtt_s is None else Text(f"{uplink.rtt_s * 1000:.0f} ms")
        verdict = Text("dead", style="bold red") if uplink.dead else Text("")
        table.add_row(uplink.name, _bar(uplink), _mbit(uplink.capacity_bps), _mbit(uplink.sent_bps), rtt, verdict)
    return table


def _stream(snapshot: Snapshot) -> Table:
    table = Table.grid(padding=(0, 2))
    state = Text(snapshot.state, style=STATE_STYLE.get(snapshot.state, "bold")) if snapshot.state else UNKNOWN
    drain = UNKNOWN if snapshot.drain_time_s is None else Text(f"{snapshot.drain_time_s * 1000:.0f} ms")
    scene = Text(snapshot.scene) if snapshot.scene else UNKNOWN
    table.add_row("state", state, "scene", scene)
    table.add_row("target", _mbit(snapshot.target_bps), "picture at the ingest", _age(snapshot.picture_age_ingest_s))
    table.add_row(
        "arrives", _mbit(snapshot.received_bps), "picture at the platform", _age(snapshot.picture_age_platform_s)
    )
    table.add_row("drain time", drain, "", "")
    return table


def _decision(row: DecisionRow) -> Text:
    change = f"{row.from_} → {row.to}" if row.from_ != row.to else (row.to or "unknown")
    target = "" if row.target_bps is None else f"{row.target_bps / 1000:.0f} kbit/s"
    if row.scene is not None:
        change, target = "scene", row.scene
    return Text.assemble((f"{row.t:6.1f} s  ", "dim"), (f"{change:<20}", "bold"), f"{target:<12}", row.reason)


def _decisions(rows: Sequence[DecisionRow]) -> RenderableType:
    lines = [_decision(row) for row in reversed(rows[-DECISIONS_SHOWN:])]
    return Group(*lines) if lines else Text("none yet", style="dim")


def render(snapshot: Snapshot, *, addresses: Sequence[tuple[str, str]], notes: Sequence[str]) -> RenderableType:
    """The whole screen: drive, stream, uplinks, last decisions with reasons, addresses, notes."""
    links = Table.grid(padding=(0, 2))
    for name, address in addresses:
        links.add_row(Text(name, style="dim"), address)
    parts: list[RenderableType] = [
        Panel(_stream(snapshot), title=f"{snapshot.t:.0f} s: {snapshot.event}", title_align="left"),
        Panel(_uplinks(snapshot.uplinks), title="uplinks", title_align="left"),
        Panel(_decisions(snapshot.decisions), title="last decisions", title_align="left"),
    ]
    if snapshot.problems:
        parts.append(Panel(Group(*map(Text, snapshot.problems)), title="problems", border_style="red"))
    parts.append(links)
    parts += [Text(note, style="dim") for note in notes]
    return Group(*parts)
