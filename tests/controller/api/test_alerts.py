"""`/webhooks/alertmanager` as Alertmanager meets it."""

from __future__ import annotations

from typing import Any

from controller.alerting.desk import QUEUED
from tests.controller.faces import ALERT, CONTROL, Behind, asking

PATH = "/webhooks/alertmanager"


def payload(**changed: Any) -> dict[str, Any]:  # noqa: ANN401 - any JSON
    """A notification as Alertmanager 0.33 sends it, unknown field included."""
    one = {
        "status": "firing",
        "labels": {"alertname": "IngestGone", "rig": "r1"},
        "annotations": {},
        "startsAt": "2026-11-01T10:00:00Z",
        "endsAt": "0001-01-01T00:00:00Z",
        "generatorURL": "http://192.0.2.1/graph",
        "fingerprint": "a1b2",
    }
    known = {"groupKey": "{}", "truncatedAlerts": 0, "status": "firing", "receiver": "vvlive", "externalURL": "x"}
    return {"version": "4", **known, "notification_reason": "new", "alerts": [one], **changed}


async def test_a_notification_is_taken_with_the_alert_token_only() -> None:
    """200 at once for Alertmanager; the control token is none of its."""
    async with asking(token=ALERT) as client:
        taken = await client.post(PATH, json=payload())
    async with asking(token=CONTROL) as client:
        refused = await client.post(PATH, json=payload())

    assert (taken.status_code, taken.json()) == (200, {"alerts": 1})
    assert refused.status_code == 403


async def test_another_version_is_refused() -> None:
    """A payload that we do not know is the sender's error, which it does not repeat within the flush."""
    async with asking(token=ALERT) as client:
        assert (await client.post(PATH, json=payload(version="5"))).status_code == 422


async def test_without_room_it_is_asked_to_send_again() -> None:
    """503 makes Alertmanager come back with the same notification."""
    behind = Behind()
    async with asking(behind, token=ALERT) as client:
        codes = []
        for _ in range(QUEUED + 1):
            codes.append((await client.post(PATH, json=payload())).status_code)
            behind.clock.advance(1.0)

    assert codes == [200] * QUEUED + [503]
