"""Where notifications are taken in at once, and worked off one after the other."""

from __future__ import annotations

import asyncio
import logging
from typing import TYPE_CHECKING

from controller.alerting.judging import Heard, Response, hear
from controller.overriding.desk import NotKeptError
from controller.overriding.standing import By

if TYPE_CHECKING:
    from collections.abc import Mapping

    from controller.alerting.payload import Alert, Notification
    from controller.journal import Journal
    from controller.overriding.desk import OverrideDesk
    from controller.ports import Clock

_log = logging.getLogger(__name__)
# A group per second for five minutes; who sends more than that is told to come again.
QUEUED = 300
WATCHDOG = "Watchdog"


class AlertDesk:
    """Turns the alerts that `responses` names into overrides of `for_s` seconds and notices.

    Alerts of other rigs, and alerts that are not named, are passed over.
    """

    def __init__(  # noqa: PLR0913 - what it is made of, each part by its name
        self,
        *,
        rig: str,
        responses: Mapping[str, Response],
        for_s: float,
        desk: OverrideDesk,
        clock: Clock,
        journal: Journal,
    ) -> None:
        self.watchdog_seen_s: float | None = None
        self._rig = rig
        self._responses = dict(responses)
        self._for_s = for_s
        self._desk = desk
        self._clock = clock
        self._journal = journal
        self._heard = Heard({})
        self._queue: asyncio.Queue[Notification] = asyncio.Queue(QUEUED)

    def take(self, notification: Notification) -> bool:
        """Queue `notification`; False when there is no room, so that it is sent again."""
        try:
            self._queue.put_nowait(notification)
        except asyncio.QueueFull:
            return False
        return True

    async def run(self) -> None:
        """Work off what comes, until cancelled."""
        while True:
            notification = await self._queue.get()
            await self.work_off(notification)

    async def work_off(self, notification: Notification) -> None:
        """Do what `notification` asks for."""
        news = [alert for alert in notification.alerts if self._is_news(alert)]
        if not news:
            return
        for alert in news:
            summary = alert.annotations.get("summary", "")[:200]
            self._notice(f"{alert.name} is {alert.status}{f': {summary}' if summary else ''}")
        asked = self._heard.asked(self._clock.wall_s())
        try:
            if asked is None:
                await self._desk.end(by=By.ALERT)
            elif any(self._responses[alert.name] is not Response.NOTICE for alert in news):
                await self._desk.give(asked, by=By.ALERT)
        except NotKeptError as error:
            self._notice(str(error))

    def _is_news(self, alert: Alert) -> bool:
        if alert.labels.get("rig", self._rig) != self._rig:
            return False
        if alert.name == WATCHDOG and alert.status == "firing":
            self.watchdog_seen_s = self._clock.wall_s()
        response = self._responses.get(alert.name)
        if response is None:
            return False
        heard = hear(self._heard, alert, response=response, until_s=self._clock.wall_s() + self._for_s)
        self._heard = heard or self._heard
        return heard is not None

    def _notice(self, text: str) -> None:
        _log.info("alert: %s", text)
        self._journal.noticed(at_s=self._clock.wall_s(), subject="alert", text=text)
