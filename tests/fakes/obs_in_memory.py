"""An OBS without a socket, for virtual time: it answers requests of obs-websocket 5 from its fields."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from controller.adapters.obs.faults import FaultError, NotConnectedError
from controller.adapters.obs.protocol import Answer

Data = Mapping[str, object]


@dataclass
class ObsInMemory:
    """One OBS. `away` has it neither accept nor answer; `says` replaces what it answers, by request type."""

    scene: str = "Main Camera"
    scenes: tuple[str, ...] = ("Main Camera", "Emergency - Simple", "Audio Only", "Stream Offline", "Intro")
    away: bool = False
    says: dict[str, Data] = field(default_factory=dict)
    loud: float | None = None
    listened_to: bool = False
    orders: list[str] = field(default_factory=list)
    asked: list[str] = field(default_factory=list)

    async def connect(self) -> ObsInMemory:
        """A new connection to the same OBS."""
        if self.away:
            raise NotConnectedError("no connection to the test OBS")
        return self

    async def call(self, request_type: str, data: Data | None = None, /) -> Answer:
        """Do it, or say that it is unknown."""
        if self.away:
            raise FaultError("the connection to the test OBS was lost")
        self.asked.append(request_type)
        if request_type == "SetCurrentProgramScene":
            self.scene = str((data or {})["sceneName"])
            self.orders.append(self.scene)
            return Answer(ok=True, code=100, comment="", data={})
        answers: dict[str, Data] = {
            "GetVersion": {},
            "GetSceneList": {
                "currentProgramSceneName": self.scene,
                "scenes": [{"sceneName": name} for name in reversed(self.scenes)],
            },
            "GetCurrentProgramScene": {"currentProgramSceneName": self.scene},
            **self.says,
        }
        found = answers.get(request_type)
        known = found is not None
        return Answer(ok=known, code=100 if known else 204, comment="", data=found or {})

    async def listen(self, *, to_sound: bool) -> None:
        """Note it."""
        self.listened_to = to_sound

    def level(self, input_name: str) -> float | None:  # noqa: ARG002 (there is one)
        """How loud the one input is."""
        return self.loud

    async def close(self) -> None:
        """Nothing to give back."""
