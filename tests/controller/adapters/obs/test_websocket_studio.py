"""How an adapter over a WebSocket opens its library's connection."""

from __future__ import annotations

from typing import TYPE_CHECKING, ClassVar

from pydantic import SecretStr

from controller.adapters.obs.protocol import Answer
from controller.adapters.obs.studio import Deadlines
from controller.adapters.obs.websocket_studio import WebSocketStudio

if TYPE_CHECKING:
    from collections.abc import Mapping


class Recorded:
    """A connection that refuses everything and remembers how it was opened."""

    opened: ClassVar[list[tuple[str, int, str, float]]] = []

    @classmethod
    async def open(cls, *, host: str, port: int, password: SecretStr, timeout_s: float) -> Recorded:
        """Take note."""
        cls.opened.append((host, port, password.get_secret_value(), timeout_s))
        return cls()

    async def call(self, request_type: str, data: Mapping[str, object] | None = None, /) -> Answer:  # noqa: ARG002 (whatever is asked)
        """Refuse."""
        return Answer(ok=False, code=205, comment="", data={})

    async def listen(self, *, to_sound: bool) -> None:
        """Nothing is heard."""

    def level(self, input_name: str) -> float | None:
        """Nothing is heard."""

    async def close(self) -> None:
        """Nothing to give back."""


class RecordedStudio(WebSocketStudio):
    """OBS over a `Recorded`."""

    link = Recorded


async def test_the_link_gets_address_password_and_the_deadline_of_a_call() -> None:
    """A library's connection is opened once, with what was configured, and bounded call by call."""
    password = SecretStr("secret")
    studio = RecordedStudio(host="obs", port=4455, password=password, deadlines=Deadlines(call_s=1.5))
    await studio.read()
    await studio.ask("GetStats")

    assert Recorded.opened == [("obs", 4455, "secret", 1.5)]
