"""From Alertmanager's webhook (payload version 4) to a message of ntfy's JSON publishing. Pure.

ntfy's priorities: 5 and 4 make sound and vibrate, 3 is the default, 2 arrives without sound.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Literal
from urllib.parse import urlsplit

from pydantic import BaseModel, ValidationError

_SILENT = 2
_PRIORITIES = {"critical": 5, "warning": 4}
# ntfy turns these names into the emoji before the title.
_TAGS = {"critical": "red_circle", "warning": "orange_circle"}
_LONGEST_TEXT = 3500  # ntfy makes an attachment of what exceeds 4096 bytes


class PayloadError(ValueError):
    """What came is no webhook of Alertmanager's."""


class Alert(BaseModel):
    """One alert of the payload, as far as a person reads it."""

    status: str
    labels: dict[str, str]
    annotations: dict[str, str] = {}


class _Payload(BaseModel):
    version: Literal["4"]
    status: Literal["firing", "resolved"]
    alerts: list[Alert]


@dataclass(frozen=True, slots=True)
class Topic:
    """Where to publish: the server's address and the topic's name, which is as good as a password."""

    server: str
    name: str

    def __repr__(self) -> str:
        """The server alone."""
        return f"Topic({self.server!r})"


def topic(url: str) -> Topic:
    """The topic in an address like https://ntfy.sh/my-topic; raises ValueError without repeating it."""
    parts = urlsplit(url.strip())
    name = parts.path.strip("/")
    if parts.scheme not in {"http", "https"} or not parts.hostname or not name or "/" in name:
        raise ValueError("the topic's address must look like https://ntfy.sh/my-topic")
    return Topic(f"{parts.scheme}://{parts.netloc}/", name)


def message(body: bytes, topic_name: str) -> dict[str, Any] | None:
    """What to publish for a webhook's `body`; None when it holds no alert.

    Raises:
        PayloadError: it is no payload of version 4.
    """
    try:
        payload = _Payload.model_validate_json(body)
    except ValidationError as error:
        raise PayloadError(f"no Alertmanager webhook of version 4: {error.error_count()} faults") from error
    if not payload.alerts:
        return None
    firing = [alert for alert in payload.alerts if alert.status == "firing"]
    first = (firing or payload.alerts)[0]
    return {
        "topic": topic_name,
        "title": _title(first, firing, payload.alerts),
        "message": "\n".join(_line(alert) for alert in payload.alerts)[:_LONGEST_TEXT],
        "priority": _priority(firing),
        "tags": [_TAGS.get(first.labels.get("severity", ""), "blue_circle") if firing else "white_check_mark"],
    } | _links(first)


def _title(first: Alert, firing: list[Alert], alerts: list[Alert]) -> str:
    count = len(firing or alerts)
    more = f" ({count} alerts)" if count > 1 else ""
    return f"{'' if firing else 'over: '}{_summary(first)}{more}"


def _summary(alert: Alert) -> str:
    return alert.annotations.get("summary") or alert.labels.get("alertname", "alert")


def _line(alert: Alert) -> str:
    if alert.status != "firing":
        return f"over: {_summary(alert)}"
    return alert.annotations.get("description") or _summary(alert)


def _priority(firing: list[Alert]) -> int:
    """As loud as the loudest that fires and may be heard; silent when all is over."""
    loud = (alert.labels for alert in firing if alert.labels.get("sound") != "off")
    return max((_PRIORITIES.get(labels.get("severity", ""), 3) for labels in loud), default=_SILENT)


def _links(alert: Alert) -> dict[str, Any]:
    dashboard, runbook = alert.annotations.get("dashboard"), alert.annotations.get("runbook")
    links: dict[str, Any] = {"click": dashboard} if dashboard else {}
    if runbook:
        links["actions"] = [{"action": "view", "label": "What to do", "url": runbook}]
    return links
