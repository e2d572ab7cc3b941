"""What a connection hears of OBS between its answers."""

from __future__ import annotations

from collections.abc import Mapping

from controller.adapters.obs import levels
from controller.adapters.obs.changeover import Changeover
from controller.adapters.obs.levels import Levels

# Config, for changes of the scene collection, and InputVolumeMeters. The latter is one small event each 50 ms.
EVENT_GROUPS = 1 << 1 | 1 << 16


class Hearing:
    """The events of one connection, each given to who makes something of it."""

    def __init__(self) -> None:
        self.changeover = Changeover()
        self.levels = Levels()

    def heard(self, event: object) -> None:
        """Take note of the `d` of an event message."""
        if not isinstance(event, Mapping):
            return
        self.changeover.heard(event.get("eventType"))
        if event.get("eventType") == levels.EVENT:
            self.levels.heard(event.get("eventData"))
