"""The report's plots: what they show, and what they leave open."""

from __future__ import annotations

import re
from typing import Any

from controller.reporting.building import Report, build
from controller.reporting.plotting import plots

T0 = 1_793_500_000.0


def drawn(*looks: tuple[float, dict[str, Any]], length_s: float = 3600.0) -> str:
    """The plots of a stream with decisions at these seconds, each with its data."""
    session = {
        "started_s": T0, "ended_s": T0 + length_s, "seen_s": T0, "live_s": 0.0, "late_s": 0.0, "gone_s": 0.0,
        "unknown_s": 0.0, "seconds_by_state": {}, "bytes_by_uplink": {},
    }  # fmt: skip
    events = [
        {"at_s": T0 + at_s, "kind": "decision", "subject": "e", "text": "t", "data": data} for at_s, data in looks
    ]
    found: Report = build(rig="r1", session=session, events=events, ledger=[])
    return plots(found)


def lines(svg: str) -> list[str]:
    """The paths of the curves."""
    return re.findall(r'<path d="([^"]*)" fill="none"', svg)


def decided(target_bps: float | None, delivered_bps: float | None) -> dict[str, Any]:
    """A decision's data."""
    target = None if target_bps is None else {"bitrate_bps": target_bps}
    return {"target": target, "values": {"delivered_bps": delivered_bps}}


def test_a_stream_without_readings_has_no_plot() -> None:
    """No axis without a curve, and none where a stream had no length."""
    assert drawn() == ""
    assert drawn((0.0, {"values": {}})) == ""
    assert drawn((0.0, decided(1e6, 1e6)), length_s=0.0) == ""


def test_what_was_wanted_stands_until_the_next_wish() -> None:
    """The target is a step, from the left edge to the right moment, at its height; the last one stands to the end."""
    (path,) = lines(drawn((0.0, decided(4e6, None)), (1800.0, decided(2e6, None))))

    assert path == "M90.0 10.0h2H495.0V85.0H900"


def test_where_nothing_is_known_no_line_is_drawn() -> None:
    """Twenty seconds without a reading are a gap and not a slope; in an hour's plot that is the width of a line."""
    looks = [(at_s, decided(None, 1e6 + at_s)) for at_s in (0.0, 4.0, 24.0, 28.0)]
    (minute,), (hour,) = lines(drawn(*looks, length_s=60.0)), lines(drawn(*looks, length_s=3600.0))

    assert (minute.count("M"), minute.count("L")) == (2, 2)
    assert (hour.count("M"), hour.count("L")) == (2, 1)


def test_a_day_of_looks_stays_a_small_page_and_keeps_its_peaks() -> None:
    """The greatest of each column survives."""
    looks = [(float(at_s), {"values": {"drain_time_s": 9.0 if at_s == 1801 else 0.1}}) for at_s in range(3600)]
    svg = drawn(*looks)

    assert len(svg) < 10_000
    assert ">9<" in svg
    assert " 10.0" in lines(svg)[0]


def test_the_clock_stands_below() -> None:
    """From the beginning to the end, in UTC."""
    svg = drawn((0.0, decided(1e6, None)))

    assert ">02:26:40<" in svg
    assert ">03:26:40<" in svg
