"""What a connection hears of OBS between its answers."""

from __future__ import annotations

from collections.abc import Mapping

from controller.adapters.obs import levels
from controller.adapters.obs.changeover import Changeover
from controller.adapters.obs.levels import Levels

# General, Config and Scenes: the end of OBS, changes of its scene collection, and scenes that go.
EVENT_GROUPS = 1 << 0 | 1 << 1 | 1 << 2
# InputVolumeMeters: one small event each 50 ms, listened to only while there is something to learn from them.
SOUND_GROUPS = EVENT_GROUPS | 1 << 16


def groups(*, to_sound: bool) -> int:
    """What to subscribe to."""
    return SOUND_GROUPS if to_sound else EVENT_GROUPS


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
