"""`/webhooks/alertmanager`: takes a notification in, says so at once, and does what it asks for afterwards."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from fastapi import HTTPException

from controller.alerting.payload import Notification
from controller.api.access import Scope
from controller.api.refusals import Refusal
from controller.api.views import View

if TYPE_CHECKING:
    from fastapi import FastAPI

    from controller.api.face import Face


_FULL: dict[int | str, dict[str, Any]] = {503: {"model": Refusal, "description": "Too many wait: send it again."}}


class Taken(View):
    """How many alerts were taken in."""

    alerts: int


def add_alerts(app: FastAPI, face: Face) -> None:
    """Add the route to `app`."""

    @app.post("/webhooks/alertmanager", dependencies=face.needs(Scope.ALERT), responses=_FULL)
    async def notified(notification: Notification) -> Taken:
        """A notification of Alertmanager, payload version 4. Repeated and late ones change nothing."""
        if not face.alerts.take(notification):
            raise HTTPException(503, "too many notifications wait: send this one again", {"Retry-After": "5"})
        return Taken(alerts=len(notification.alerts))
