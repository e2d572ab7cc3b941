"""The report: what it is made from, and that it is quoted wherever it is written."""

from __future__ import annotations

import json
from html.parser import HTMLParser
from typing import Any

import pytest

from controller.reporting.building import Report, build
from controller.reporting.writing import as_html, as_json, as_markdown

T0 = 1_793_500_000.0
NASTY = "<script>alert(1)</script> | `x` *y*"


def event(after_s: float, kind: str, text: str, subject: str = "encoder", /, **data: Any) -> dict[str, Any]:  # noqa: ANN401 - any JSON
    """An event as the API answers it."""
    return {"number": 1, "at_s": T0 + after_s, "kind": kind, "subject": subject, "text": text, "data": data}


def moved(before: str, after: str) -> dict[str, Any]:
    """The data of a transition."""
    return {"from": before, "state": after}


def report(events: list[dict[str, Any]] | None = None, **changed: Any) -> Report:  # noqa: ANN401 - any JSON
    """The report of an hour with everything in it, or with these events."""
    session = {
        "number": 3,
        "started_s": T0,
        "ended_s": T0 + 3600.0,
        "seen_s": T0 + 3600.0,
        "live_s": 3000.0,
        "late_s": 200.0,
        "gone_s": 300.0,
        "unknown_s": 100.0,
        "seconds_by_state": {"LOW": 600.0, "HIGH": 3000.0},
        "bytes_by_uplink": {"modem-a": 1.5e9, "modem-b": 2e6},
        **changed,
    }
    usual = [
        event(1800, "transition", "Loss is 6 %.", "encoder", **moved("HIGH", "LOW"), values={"drain_time_s": 2.5}),
        event(2400, "transition", NASTY, "encoder", **moved("LOW", "HIGH")),
        event(1810, "decision", "Less.", values={"drain_time_s": 4.0}),
        event(1820, "decision", "Less.", values={"drain_time_s": 3.0}),
        event(3000, "decision", "Less.", values={"drain_time_s": 1.0}),
        event(100, "uplink", "it acknowledges nothing any more", "modem-a"),
        event(200, "override", "by hand for 60 s: hold (interview)", "override"),
        event(-50, "alert", "before it began", "alert"),
        event(9999, "alert", "after it ended", "alert"),
    ]
    ledger = [
        {"uplink": "modem-a", "month": "2026-11-01", "bytes": 5e9, "cap_bytes": 10**10, "present": True},
        {"uplink": "modem-a", "month": "2026-10-01", "bytes": 9e9, "cap_bytes": 10**10, "present": False},
    ]
    return build(rig="r1", session=session, events=usual if events is None else events, ledger=ledger)


def test_a_report_has_what_happened_within_the_stream() -> None:
    """Changes with reasons, troubles, orders by hand, sums; nothing of before or after."""
    found = report()

    assert found.duration_s == 3600.0
    assert found.delivered_ratio == pytest.approx(3000 / 3500)
    assert found.states == (("HIGH", 3000.0), ("LOW", 600.0))
    assert [(one.before, one.after, one.why) for one in found.changes] == [
        ("HIGH", "LOW", "Loss is 6 %."),
        ("LOW", "HIGH", NASTY),
    ]
    assert [one.what for one in found.troubles] == ["modem-a: it acknowledges nothing any more"]
    assert [one.what for one in found.by_hand] == ["override: by hand for 60 s: hold (interview)"]


def test_one_bad_minute_is_one_worst_moment() -> None:
    """The longest queues, a minute apart, the worst first."""
    assert [(one.at_s - T0, one.what) for one in report().worst] == [
        (1810.0, "4.0 s of queue: Less."),
        (3000.0, "1.0 s of queue: Less."),
    ]


def test_a_late_picture_is_a_worst_moment_too_and_a_short_queue_is_none() -> None:
    """What viewers see counts, whatever caused it; a tenth of a second does not."""
    events = [
        event(10, "decision", "Late.", "obs", values={"drain_time_s": None, "ingest_lag_s": 4.0}),
        event(200, "decision", "Fine.", "obs", values={"drain_time_s": 0.1, "ingest_lag_s": 0.3}),
    ]

    assert [one.what for one in report(events=events).worst] == ["4.0 s late: Late."]


def test_bytes_stand_against_the_caps_of_the_present_month() -> None:
    """A month of the past is no part of it; an uplink without a plan has no cap."""
    first, second = report().carried

    assert (first.uplink, first.octets, first.cap_ratio) == ("modem-a", 1.5e9, 0.5)
    assert (second.uplink, second.month_octets, second.cap_ratio) == ("modem-b", None, None)


def test_a_stream_that_runs_is_told_as_running() -> None:
    """Its end is when it was last seen, and the report says that it runs."""
    found = report(ended_s=None, seen_s=T0 + 60.0)

    assert (found.duration_s, found.ended_s) == (60.0, None)
    assert "| Ended (UTC) | runs |" in as_markdown(found)


def test_a_stream_of_which_nothing_is_known_is_unknown() -> None:
    """No delivered share is made up."""
    found = report(live_s=0.0, late_s=0.0, gone_s=0.0)

    assert found.delivered_ratio is None
    assert "unknown of what is known" in as_markdown(found)


def test_markdown_quotes_what_others_wrote() -> None:
    """A reason with pipes and markup stays one cell of text."""
    text = as_markdown(report())
    (row,) = [line for line in text.splitlines() if "alert(1)" in line]

    assert row.replace("\\|", "").count("|") == 4
    assert "<script>" not in text.replace("\\<", "")
    assert "| Length | 1:00:00 |" in text
    assert "| modem-a | 1500.0 MB | 15.0 % | 5000.0 MB | 50.0 % |" in text
    assert "| Lost | 0:08:20: late 0:03:20, no picture 0:05:00 |" in text


class Tags(HTMLParser):
    """Collects the tags and attributes of a page."""

    def __init__(self) -> None:
        super().__init__()
        self.tags: list[str] = []
        self.attributes: set[str] = set()

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        """Note it."""
        self.tags.append(tag)
        self.attributes |= {name for name, _ in attrs}


def test_html_is_one_file_that_loads_and_runs_nothing() -> None:
    """Plots of states and lateness, tables, and no script, address or markup of others."""
    tags = Tags()
    tags.feed(as_html(report()))

    assert "script" not in tags.tags
    assert {"src", "href", "onload"} & tags.attributes == set()
    assert tags.tags.count("rect") == 3
    assert tags.tags.count("svg") == 2


def test_json_is_the_report_itself() -> None:
    """Every field, and the delivered share."""
    found = json.loads(as_json(report()))

    assert (found["rig"], found["duration_s"], found["changes"][0]["after"]) == ("r1", 3600.0, "LOW")
    assert found["lost_s"] == 500.0
    assert found["delivered_ratio"] == pytest.approx(3000 / 3500)
