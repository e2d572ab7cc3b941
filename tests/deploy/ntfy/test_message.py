"""What a phone shows for a webhook."""

from __future__ import annotations

import contextlib
import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from deploy.ntfy.message import PayloadError, message, topic


def alert(
    name: str = "StreamDown", *, status: str = "firing", severity: str = "critical", sound: str = "on"
) -> dict[str, Any]:
    """One alert as Alertmanager sends it."""
    return {
        "status": status,
        "labels": {"alertname": name, "severity": severity, "sound": sound, "rig": "r1"},
        "annotations": {
            "summary": f"r1: {name}",
            "description": f"{name} since 3 s",
            "dashboard": "http://g/d/x",
            "runbook": "http://g/d/y",
        },
    }


def body(*alerts: dict[str, Any], **changes: str) -> bytes:
    """A payload with these alerts."""
    status = "firing" if any(one["status"] == "firing" for one in alerts) else "resolved"
    return json.dumps(
        {"version": "4", "status": status, "alerts": alerts, "notification_reason": "new"} | changes
    ).encode()


def test_one_alert() -> None:
    """Title, text, a mark, the dashboard at a touch and the runbook on a button."""
    assert message(body(alert()), "mine") == {
        "topic": "mine",
        "title": "r1: StreamDown",
        "message": "StreamDown since 3 s",
        "priority": 5,
        "tags": ["red_circle"],
        "click": "http://g/d/x",
        "actions": [{"action": "view", "label": "What to do", "url": "http://g/d/y"}],
    }


@pytest.mark.parametrize(
    ("alerts", "priority"),
    [
        ([alert(severity="critical")], 5),
        ([alert(severity="warning")], 4),
        ([alert(severity="info")], 3),
        ([alert(severity="warning", sound="off")], 2),
        ([alert(severity="critical", sound="off"), alert(severity="warning")], 4),
        ([alert(status="resolved")], 2),
        ([alert(status="resolved"), alert(severity="warning")], 4),
    ],
)
def test_priority(alerts: list[Any], priority: int) -> None:
    """As loud as the loudest that fires and may be heard; the end of an alert makes no sound."""
    told = message(body(*alerts), "mine")

    assert told is not None
    assert told["priority"] == priority


def test_several() -> None:
    """The title counts what fires; the text says what is over, too."""
    told = message(body(alert("A"), alert("B"), alert("C", status="resolved")), "mine")

    assert told is not None
    assert told["title"] == "r1: A (2 alerts)"
    assert told["message"].splitlines() == ["A since 3 s", "B since 3 s", "over: r1: C"]


def test_all_over() -> None:
    """The end says so first."""
    told = message(body(alert("A", status="resolved")), "mine")

    assert told is not None
    assert (told["title"], told["tags"]) == ("over: r1: A", ["white_check_mark"])


def test_an_alert_without_texts() -> None:
    """Alerts of other people's rules have no annotations of ours: the name must do, and no link is made up."""
    told = message(body({"status": "firing", "labels": {"alertname": "Foreign"}}), "mine")

    assert told is not None
    assert (told["title"], told["message"]) == ("Foreign", "Foreign")
    assert {"click", "actions"} & set(told) == set()


def test_nothing_to_tell() -> None:
    """A payload without alerts is no message."""
    assert message(body(), "mine") is None


@pytest.mark.parametrize("raw", [b"", b"[]", b"{}", b"\xff", body(alert(), version="5"), body(alert(), status="odd")])
def test_other_payloads_are_refused(raw: bytes) -> None:
    """Another version, or no payload at all."""
    with pytest.raises(PayloadError, match="version 4"):
        message(raw, "mine")


@given(st.binary(max_size=200))
def test_garbage_is_refused_and_nothing_worse(raw: bytes) -> None:
    """Whatever comes is a message, nothing, or a PayloadError."""
    with contextlib.suppress(PayloadError):
        assert message(raw, "mine") is None


@pytest.mark.parametrize("url", ["https://ntfy.sh/mine", "http://127.0.0.1:8080/mine/\n"])
def test_topic(url: str) -> None:
    """The last part of the address is the topic, and stays out of its repr."""
    found = topic(url)

    assert (found.name, found.server) == ("mine", url.strip().rstrip("/").removesuffix("mine"))
    assert "mine" not in repr(found)


@pytest.mark.parametrize("url", ["", "ntfy.sh/mine", "https://ntfy.sh", "https://ntfy.sh/a/b", "ftp://ntfy.sh/mine"])
def test_no_topic(url: str) -> None:
    """What is no topic's address is refused without being repeated."""
    with pytest.raises(ValueError, match=r"like https://ntfy\.sh/my-topic"):
        topic(url)
