"""The report as Markdown, as one HTML file with a plot, and as JSON. Pure; texts of others are quoted, never markup."""

from __future__ import annotations

import html
import json
from dataclasses import asdict
from datetime import UTC, datetime
from typing import TYPE_CHECKING

from controller.reporting.plotting import plots

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

    from controller.reporting.building import Report

Table = tuple[str, tuple[str, ...], list[tuple[str, ...]]]
_STYLE = (
    "body{font:16px/1.5 system-ui,sans-serif;max-width:900px;margin:2em auto;padding:0 1em}"
    "table{border-collapse:collapse}td,th{text-align:left;padding:.2em .8em .2em 0;vertical-align:top}"
    "svg{width:100%;height:auto;border:1px solid #8886}"
)


def moment(at_s: float) -> str:
    """A moment in UTC."""
    return datetime.fromtimestamp(at_s, UTC).strftime("%Y-%m-%d %H:%M:%S")


def length(seconds: float) -> str:
    """A duration as h:mm:ss."""
    whole = round(seconds)
    return f"{whole // 3600}:{whole % 3600 // 60:02}:{whole % 60:02}"


def megabytes(octets: float | None) -> str:
    """Bytes in MB."""
    return "unknown" if octets is None else f"{octets / 1e6:.1f} MB"


def _ratio(value: float | None) -> str:
    return "unknown" if value is None else f"{100 * value:.1f} %"


def _tables(report: Report) -> Iterable[Table]:
    yield (
        "Time",
        ("", ""),
        [
            ("Began (UTC)", moment(report.started_s)),
            ("Ended (UTC)", "runs" if report.ended_s is None else moment(report.ended_s)),
            ("Length", length(report.duration_s)),
            ("Delivered on time", f"{length(report.live_s)} ({_ratio(report.delivered_ratio)} of what is known)"),
            ("Lost", f"{length(report.lost_s)}: late {length(report.late_s)}, no picture {length(report.gone_s)}"),
            ("Unknown", length(report.unknown_s)),
        ],
    )
    yield "Time per state", ("state", "time"), [(state, length(spent_s)) for state, spent_s in report.states]
    yield (
        "Changes",
        ("at (UTC)", "change", "why"),
        [(moment(one.at_s), f"{one.before or '?'} to {one.after}", one.why) for one in report.changes],
    )
    yield (
        "Uplinks",
        ("uplink", "this stream", "of its cap", "this month", "of its cap"),
        [
            (
                one.uplink,
                megabytes(one.octets),
                _cap(one.cost_ratio),
                megabytes(one.month_octets),
                _cap(one.cap_ratio),
            )
            for one in report.carried
        ],
    )
    for title, found in (
        ("Worst moments", report.worst),
        ("Uplinks, devices and alerts", report.troubles),
        ("By hand", report.by_hand),
    ):
        yield title, ("at (UTC)", "what"), [(moment(one.at_s), one.what) for one in found]


def _cap(ratio: float | None) -> str:
    return "no cap" if ratio is None else _ratio(ratio)


def as_json(report: Report) -> str:
    """The report as JSON."""
    return json.dumps({**asdict(report), "delivered_ratio": report.delivered_ratio, "lost_s": report.lost_s}, indent=2)


def as_markdown(report: Report) -> str:
    """The report as Markdown."""
    lines = [f"# Stream of {_md(report.rig)}, {moment(report.started_s)} UTC", ""]
    for title, heads, rows in _tables(report):
        lines += [f"## {title}", ""]
        if rows:
            lines += [_md_row(heads), _md_row(["---"] * len(heads)), *(_md_row(map(_md, row)) for row in rows), ""]
        else:
            lines += ["None.", ""]
    return "\n".join(lines)


def _md_row(cells: Iterable[str]) -> str:
    return f"| {' | '.join(cells)} |"


def _md(text: str) -> str:
    flat = " ".join(text.split())
    return "".join(f"\\{one}" if one in "\\|`*_[]<>#" else one for one in flat)


def as_html(report: Report) -> str:
    """The report as one HTML file that loads nothing."""
    safe: Callable[[str], str] = html.escape
    parts = [f"<h1>Stream of {safe(report.rig)}, {moment(report.started_s)} UTC</h1>", plots(report)]
    for title, heads, rows in _tables(report):
        parts.append(f"<h2>{title}</h2>")
        if not rows:
            parts.append("<p>None.</p>")
            continue
        head = "".join(f"<th>{safe(one)}</th>" for one in heads)
        body = "".join("<tr>" + "".join(f"<td>{safe(cell)}</td>" for cell in row) + "</tr>" for row in rows)
        parts.append(f"<table><tr>{head}</tr>{body}</table>")
    title = f"<title>Stream of {safe(report.rig)}</title>"
    head = f'<meta charset="utf-8"><meta name="viewport" content="width=device-width">{title}<style>{_STYLE}</style>'
    return f'<!doctype html><html lang="en"><head>{head}</head><body>{"".join(parts)}</body></html>\n'
