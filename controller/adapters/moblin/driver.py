"""The encoder port for Moblin: choose among its presets, and believe the state that it tells."""

from __future__ import annotations

import asyncio
import time
from dataclasses import replace
from typing import TYPE_CHECKING

from controller.adapters.moblin import protocol
from controller.adapters.moblin.assistant import Assistant, Phone
from controller.decision.model import EncoderTarget
from controller.ports import ApplyResult, EncoderCapabilities, EncoderStatus, Impact, Impacts, Outcome

if TYPE_CHECKING:
    from collections.abc import Callable

    from pydantic import SecretStr

# For an answer, and again for the state that follows it: on a busy phone that takes a moment longer than its "ok".
PATIENCE_S = 2.0


class MoblinEncoder:
    """Drives the phone that connects to `host`:`port` and knows `password`.

    `geometry` is width, height and frame rate of its stream, which remote control cannot change: told here,
    never ordered. `impacts` as calibrated. `patience_s` is how long the phone may take for an answer, and for the
    state that proves it; `clock` is monotonic seconds.
    """

    def __init__(  # noqa: PLR0913 (the whole of a phone's configuration, keyword-only)
        self,
        *,
        host: str,
        port: int,
        password: SecretStr,
        geometry: tuple[int, int, int],
        impacts: Impacts = Impacts(),  # noqa: B008 (frozen)
        patience_s: float = PATIENCE_S,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._patience_s = patience_s
        self.assistant = Assistant(host=host, port=port, password=password)
        self._listens_at = f"{host}:{port}"
        self._geometry = geometry
        self._impacts = impacts
        self._clock = clock
        self._one_at_a_time = asyncio.Lock()
        self._presets: tuple[Phone, dict[str, int]] | None = None
        self._last: EncoderTarget | None = None

    async def probe(self) -> EncoderCapabilities | None:
        """The phone's presets; None while no phone is connected."""
        async with self._one_at_a_time:
            found = await self._connected()
            offered = {} if isinstance(found, str) else await self._offered(found)
        if not offered:
            return None
        return EncoderCapabilities(
            bitrate_impact=self._impacts.bitrate,
            geometry_impact=Impact.UNKNOWN,
            audio_only_impact=Impact.UNKNOWN,
            min_bitrate_bps=min(offered.values()),
            max_bitrate_bps=max(offered.values()),
            step_bps=1,
            sizes_px=(self._geometry[:2],),
            own_abr=True,
            restartable=False,
            identity="Moblin",
            evidence=(
                ("bitrate", "not calibrated" if self._impacts.bitrate is Impact.UNKNOWN else "calibrated"),
                ("presets", ", ".join(f"{bps // 1000} kbit/s" for bps in sorted(offered.values()))),
                ("geometry", "fixed by its stream settings"),
            ),
        )

    async def read(self) -> EncoderStatus:
        """What the phone said last of its preset and its stream."""
        async with self._one_at_a_time:
            found = await self._connected()
            if isinstance(found, str):
                return EncoderStatus(reachable=False, problem=found, last_configured=self._last)
            offered = await self._offered(found)
        now = self._target(offered.get(found.state.preset or ""))
        self._last = now or self._last
        return EncoderStatus(
            reachable=True,
            problem=None if now is not None else _unknown_preset(offered),
            configured=now,
            publishing=found.state.streaming,
            last_configured=self._last,
        )

    async def apply(self, target: EncoderTarget, max_impact: Impact) -> ApplyResult:
        """Choose the highest preset not above `target`; size, frame rate and audio-only are reported as clamped."""
        async with self._one_at_a_time:
            started_s = self._clock()
            result = await self._apply(target, max_impact)
            return replace(result, took_s=self._clock() - started_s)

    async def publish(self, *, on: bool) -> ApplyResult:
        """Start or end the stream on the phone."""
        async with self._one_at_a_time:
            found = await self._connected()
            if isinstance(found, str):
                return _refused(found)
            await self.assistant.ask(found, "setStream", deadline_s=self._patience_s, on=on)
            shown = await self._shows(found, lambda: found.state.streaming is on)
        if shown:
            return ApplyResult(Outcome.APPLIED, "the phone says so")
        return ApplyResult(Outcome.UNKNOWN, "the phone has not said so")

    async def restart(self) -> ApplyResult:
        """Not offered: nobody restarts a phone from afar."""
        return _refused("a phone is restarted by hand")

    async def close(self) -> None:
        """Let the phone go."""
        await self.assistant.close()

    async def _apply(self, target: EncoderTarget, max_impact: Impact) -> ApplyResult:
        found = await self._connected()
        if isinstance(found, str):
            return _refused(found)
        offered = await self._offered(found)
        wanted = protocol.chosen(offered, target.bitrate_bps)
        goal = self._target(offered.get(wanted or ""))
        if wanted is None or goal is None:
            return _refused("the phone has no bitrate presets; make some in Moblin's settings")
        clamped = goal != replace(target, floor_bps=None)
        if found.state.preset == wanted:
            return ApplyResult(Outcome.APPLIED, "it is set so already", goal, clamped=clamped)
        cost = min(self._impacts.bitrate, Impact.REBOOT)
        if cost > min(max_impact, Impact.REBOOT):
            return _refused(f"a change costs {cost.name.lower()}, at most {max_impact.name.lower()} is allowed")
        answer = await self.assistant.ask(found, "setBitratePreset", deadline_s=self._patience_s, id=wanted)
        if await self._shows(found, lambda: found.state.preset == wanted):
            return ApplyResult(Outcome.APPLIED, "the phone says so", goal, clamped=clamped)
        said = "nothing" if answer is None else "ok" if answer.ok else "no"
        now = self._target(offered.get(found.state.preset or ""))
        return ApplyResult(Outcome.UNKNOWN, f"the phone answered {said}, and tells no change of its preset", now)

    async def _connected(self) -> Phone | str:
        try:
            await self.assistant.listen()
        except OSError as error:
            return f"cannot listen on {self._listens_at} ({error.strerror}); write another encoder.listen"
        phone = self.assistant.phone
        if phone is not None and not phone.socket.closed:
            return phone
        if self.assistant.refused:
            return "a phone showed a wrong password; correct it in Moblin's remote control"
        return f"no phone is connected; in Moblin, set the remote control assistant to ws://THIS-HOST:{self._port}"

    @property
    def _port(self) -> int:
        return self.assistant.port

    async def _offered(self, phone: Phone) -> dict[str, int]:
        """The phone's presets, asked once a connection, and again while there are none."""
        if self._presets is not None and self._presets[0] is phone and self._presets[1]:
            return self._presets[1]
        answer = await self.assistant.ask(phone, "getSettings", deadline_s=self._patience_s)
        offered = {} if answer is None or not answer.ok else protocol.presets(answer)
        self._presets = (phone, offered)
        return offered

    async def _shows(self, phone: Phone, holds: Callable[[], bool]) -> bool:
        try:
            async with asyncio.timeout(self._patience_s):
                while not holds():
                    phone.changed.clear()
                    await phone.changed.wait()
        except TimeoutError:
            return False
        return True

    def _target(self, bitrate_bps: int | None) -> EncoderTarget | None:
        return None if bitrate_bps is None else EncoderTarget(bitrate_bps, *self._geometry)


def _unknown_preset(offered: dict[str, int]) -> str:
    if not offered:
        return "the phone tells no bitrate presets; make some in Moblin's settings"
    return "the phone has not told which bitrate preset it plays; choose one there once"


def _refused(reason: str) -> ApplyResult:
    return ApplyResult(Outcome.REFUSED, f"Moblin: {reason}")
