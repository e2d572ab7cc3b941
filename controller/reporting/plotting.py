"""The report's plots, as SVG that a page may hold: states, rates, lateness, over one time axis. Pure."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import TYPE_CHECKING

from controller.reporting.building import STATES

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Sequence

    from controller.reporting.building import Look, Report

_WIDTH, _LEFT, _AXIS = 900, 90, 22
_ROW, _HEIGHT = 26, 160
# As many columns as a screen shows apart; a day of decisions has a hundred times more.
_COLUMNS = 400
_TICKS, _LINES = 6, 4
# A look is kept where something was decided, and its readings are of the last seconds. Between looks that are further
# apart nothing is known, and no line is drawn: nor where there is a column without any between two that have one.
_GAP_S, _GAP_COLUMNS = 5.0, 2
_TARGET, _DELIVERED, _LATE = "#3949ab", "#00897b", "#c62828"


def plots(report: Report) -> str:
    """All of them, those of which nothing is known left out."""
    if report.duration_s <= 0:
        return ""
    return "".join(filter(None, (_states(report), _rates(report), _lateness(report))))


def _x(report: Report, at_s: float) -> float:
    return _LEFT + (_WIDTH - _LEFT) * (at_s - report.started_s) / report.duration_s


def _states(report: Report) -> str:
    if not report.changes:
        return ""
    spans = [(report.started_s, report.changes[0].before), *((one.at_s, one.after) for one in report.changes)]
    ends = [at_s for at_s, _ in spans[1:]] + [report.started_s + report.duration_s]
    height = _ROW * len(STATES)
    parts = []
    for (from_s, state), to_s in zip(spans, ends, strict=True):
        if state in STATES:
            left, top = _x(report, from_s), height - _ROW * (STATES.index(state) + 1)
            wide = max(1.0, _x(report, to_s) - left)
            parts.append(_bar(left, top + 4, wide, _ROW - 8, _TARGET))
    parts += [_text(4, height - _ROW * place - 8, state) for place, state in enumerate(STATES)]
    return _svg("Quality state", (), parts, report, height=height)


def _rates(report: Report) -> str:
    lines = (
        ("wanted of the encoder", _TARGET, _columns(report, lambda one: one.target_bps, last=True), True),
        ("delivered by the links", _DELIVERED, _columns(report, lambda one: one.delivered_bps), False),
    )
    return _lines("Rates, Mbit/s", lines, report, scale=1e-6)


def _lateness(report: Report) -> str:
    lines = (
        ("queue in front of the links", _TARGET, _columns(report, lambda one: one.drain_time_s), False),
        ("picture late at the ingest", _LATE, _columns(report, lambda one: one.lag_s), False),
    )
    return _lines("Seconds late", lines, report, scale=1.0)


def _columns(
    report: Report, value: Callable[[Look], float | None], *, last: bool = False
) -> Sequence[tuple[float, float]]:
    """The last or the greatest value of each column that has one, at the moment of its look."""
    found: dict[int, tuple[float, float]] = {}
    for look in report.looks:
        known = value(look)
        column = int(_COLUMNS * (look.at_s - report.started_s) / report.duration_s)
        if known is not None and (last or column not in found or known > found[column][1]):
            found[column] = (look.at_s, known)
    return tuple(found[column] for column in sorted(found))


def _lines(
    title: str,
    lines: Iterable[tuple[str, str, Sequence[tuple[float, float]], bool]],
    report: Report,
    *,
    scale: float,
) -> str:
    known = [line for line in lines if line[2]]
    most = scale * max((value for _, _, points, _ in known for _, value in points), default=0.0)
    if not known or most <= 0:
        return ""
    parts = []
    for number in range(_LINES + 1):
        y = _HEIGHT - number * (_HEIGHT - 10) / _LINES
        parts.append(f'<path d="M{_LEFT} {y:.1f}H{_WIDTH}" stroke="#8885"/>')
        parts.append(_text(4, y + 4, f"{most * number / _LINES:.2g}"))
    for _, colour, points, steps in known:
        drawn = [(_x(report, at_s), _HEIGHT - (_HEIGHT - 10) * scale * value / most, at_s) for at_s, value in points]
        gap_s = None if steps else max(_GAP_S, _GAP_COLUMNS * report.duration_s / _COLUMNS)
        parts.append(f'<path d="{"".join(_path(drawn, gap_s))}" fill="none" stroke="{colour}" stroke-width="2"/>')
    return _svg(title, [(name, colour) for name, colour, _, _ in known], parts, report, height=_HEIGHT)


def _path(points: Iterable[tuple[float, float, float]], gap_s: float | None) -> Iterator[str]:
    """A line through points, broken over more than `gap_s`; with None each value stands until the next, or the end."""
    before_s: float | None = None
    for x, y, at_s in points:
        if before_s is None or (gap_s is not None and at_s - before_s > gap_s):
            yield f"M{x:.1f} {y:.1f}h2"
        elif gap_s is None:
            yield f"H{x:.1f}V{y:.1f}"
        else:
            yield f"L{x:.1f} {y:.1f}"
        before_s = at_s
    if gap_s is None:
        yield f"H{_WIDTH}"


def _bar(x: float, y: float, width: float, height: float, colour: str) -> str:
    return f'<rect x="{x:.1f}" y="{y:.1f}" width="{width:.1f}" height="{height:.1f}" fill="{colour}"/>'


def _text(x: float, y: float, text: str, *, anchor: str = "start", colour: str = "currentColor") -> str:
    return f'<text x="{x:.1f}" y="{y:.1f}" font-size="14" text-anchor="{anchor}" fill="{colour}">{text}</text>'


def _svg(title: str, legend: Iterable[tuple[str, str]], parts: Iterable[str], report: Report, *, height: int) -> str:
    """One plot under its title, with the clock below and what the colours mean beside the title."""
    clock = []
    for number in range(_TICKS):
        at_s = report.started_s + report.duration_s * number / (_TICKS - 1)
        anchor = "start" if number == 0 else "end" if number == _TICKS - 1 else "middle"
        clock.append(
            _text(_x(report, at_s), height + 16, f"{datetime.fromtimestamp(at_s, UTC):%H:%M:%S}", anchor=anchor)
        )
    words = "".join(f' <span style="color:{colour}">&#9644; {name}</span>' for name, colour in legend)
    inner = "".join((*parts, *clock))
    return (
        f"<h2>{title}</h2><p>{words}</p>" if words else f"<h2>{title}</h2>"
    ) + f'<svg viewBox="0 0 {_WIDTH} {height + _AXIS}" role="img" aria-label="{title}">{inner}</svg>'
