"""The encoder port for one output of one unit: read, compare, write whole, read back.

The driver believes the read-back and nothing else. That a setting reads back says nothing of the
picture on air: whether the bitrate that arrives follows is for the caller to watch.
"""

from __future__ import annotations

import asyncio
import time
from dataclasses import replace
from typing import TYPE_CHECKING

from controller.adapters.uray.device import Answer, Deadlines, Device, Said
from controller.adapters.uray.pacing import Pacing
from controller.adapters.uray.parsing import OutputSettings, PublishState, Telemetry
from controller.adapters.uray.settings import (
    MAIN_SIZES_PX,
    NEEDED_FOR_A_WRITE,
    PUSH_ADDRESS,
    configured,
    cost,
    differences,
    full_set,
    limits_of,
    plan_change,
    publish_fields,
    refusal,
)
from controller.adapters.uray.transport import Failure, FailureKind, Transport
from controller.ports import ApplyResult, EncoderCapabilities, EncoderStatus, Impact, Impacts, Outcome

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from pydantic import SecretStr

    from controller.decision.model import EncoderTarget


class UrayEncoder:
    """Drives one output of a New Orange unit (URay and its many other names) at `base_url`.

    `output` is 0 for the main stream, 1 to 3 for the sub streams. `impacts` is what calibration
    found on this unit; without it every change counts as a reboot. `sizes_px` are the sizes that
    the unit offers; `clock` is monotonic seconds. With the usual `deadlines` an apply takes
    14 s at most. Raises ValueError where `base_url` is more or less than a host's address.
    """

    def __init__(  # noqa: PLR0913 (the whole of a unit's configuration, keyword-only)
        self,
        *,
        base_url: str,
        username: str,
        password: SecretStr,
        output: int = 0,
        input_index: int = 0,
        impacts: Impacts = Impacts(),  # noqa: B008 (frozen)
        sizes_px: tuple[tuple[int, int], ...] = MAIN_SIZES_PX,
        clock: Callable[[], float] = time.monotonic,
        deadlines: Deadlines = Deadlines(),  # noqa: B008 (frozen)
    ) -> None:
        transport = Transport(base_url=base_url, username=username, password=password)
        self._device = Device(transport=transport, input_index=input_index, output=output, deadlines=deadlines)
        self._settle_s = deadlines.settle_s
        self._output = output
        self._impacts = impacts
        self._sizes_px = sizes_px
        self._clock = clock
        self._pacing = Pacing()
        self._one_at_a_time = asyncio.Lock()
        self._last_configured: EncoderTarget | None = None
        self._confirmed: EncoderTarget | None = None

    async def probe(self) -> EncoderCapabilities | None:
        """What this unit accepts and what it costs; None when it does not answer as it should."""
        async with self._one_at_a_time:
            settings, telemetry = await self._settings(), await self._telemetry()
        if isinstance(settings, Failure) or isinstance(telemetry, Failure):
            return None
        limits = limits_of(settings, output=self._output, sizes_px=self._sizes_px)
        return EncoderCapabilities(
            bitrate_impact=self._impacts.bitrate,
            geometry_impact=self._impacts.geometry,
            audio_only_impact=Impact.UNKNOWN,
            min_bitrate_bps=limits.min_bitrate_bps,
            max_bitrate_bps=limits.max_bitrate_bps,
            step_bps=1_000,
            sizes_px=limits.sizes_px,
            own_abr=False,
            restartable=True,
            identity=f"New Orange platform, firmware {telemetry.version or 'unknown'}",
            evidence=(
                ("bitrate", _evidence(self._impacts.bitrate)),
                ("geometry", _evidence(self._impacts.geometry)),
                ("audio_only", "not driven: the unit's page asks for a restart"),
                ("sizes", "the platform's web page, not this unit"),
            ),
        )

    async def read(self) -> EncoderStatus:
        """Settings and telemetry; while the unit is left alone after failures, why and since when."""
        async with self._one_at_a_time:
            if not self._pacing.may_ask(self._clock()):
                return self._absent(self._pacing.problem)
            telemetry = await self._telemetry()
            if isinstance(telemetry, Failure):
                return self._absent(telemetry.problem)
            settings = await self._settings()
        now = None if isinstance(settings, Failure) else configured(settings)
        foreign = now is not None and self._confirmed is not None and now != self._confirmed
        if now is not None:
            self._last_configured = now
        return EncoderStatus(
            reachable=True,
            problem=self._problem_of(settings, now),
            configured=now,
            publishing=None if telemetry.publish is None else telemetry.publish is PublishState.CONNECTED,
            has_input=telemetry.has_input,
            uptime_s=telemetry.uptime_s,
            cpu_ratio=telemetry.cpu_ratio,
            last_configured=self._last_configured,
            restarting=self._pacing.restarting(self._clock()),
            foreign_change=foreign,
            push_on=None if telemetry.publish is None else telemetry.publish is not PublishState.DISABLED,
        )

    async def apply(self, target: EncoderTarget, max_impact: Impact) -> ApplyResult:
        """Bring the unit to `target`, or to the nearest that it has, at no more than `max_impact`.

        This driver cannot drop the video track: `audio_only` is met with the video target and
        reported as clamped.
        """
        async with self._one_at_a_time:
            started_s = self._clock()
            result = self._held_back() or await self._apply(target, max_impact)
            return replace(result, took_s=self._clock() - started_s)

    async def publish(self, *, on: bool) -> ApplyResult:
        """Switch the push on or off; the unit takes these flags live."""
        async with self._one_at_a_time:
            started_s = self._clock()
            result = self._held_back() or await self._publish(on=on)
            return replace(result, took_s=self._clock() - started_s)

    async def publish_to(self, address: SecretStr) -> ApplyResult:
        """Let the push go to `address`, by RTMP or, where the firmware has it, by SRT; already so is left alone."""
        async with self._one_at_a_time:
            started_s = self._clock()
            result = self._held_back() or await self._redirect(address)
            return replace(result, took_s=self._clock() - started_s)

    async def restart(self) -> ApplyResult:
        """Order a reboot, once; UNKNOWN until a later read shows that the uptime fell."""
        async with self._one_at_a_time:
            started_s = self._clock()
            result = self._held_back() or await self._restart()
            return replace(result, took_s=self._clock() - started_s)

    async def portrait(self) -> Mapping[str, str]:
        """The unit's settings as it names them, the address with its stream key among them; empty for no answer."""
        async with self._one_at_a_time:
            settings = await self._settings()
        return {} if isinstance(settings, Failure) else dict(settings.fields)

    async def close(self) -> None:
        """Give connections back."""
        await self._device.close()

    async def _apply(self, target: EncoderTarget, max_impact: Impact) -> ApplyResult:
        settings = await self._settings()
        if isinstance(settings, Failure):
            return _refused(settings.problem)
        limits = limits_of(settings, output=self._output, sizes_px=self._sizes_px)
        change = plan_change(settings, target, limits=limits, impacts=self._impacts)
        if not change.fields:
            return ApplyResult(Outcome.APPLIED, "it is set so already", change.target, clamped=change.clamped)
        telemetry = await self._telemetry() if change.raises else None  # a fall must not wait for it
        known = telemetry if isinstance(telemetry, Telemetry) else None
        reason = refusal(settings, known, change, max_impact=max_impact)
        if reason is not None:
            return replace(self._refused_here(reason), read_back=configured(settings))
        result = await self._write_and_verify(settings, change.fields, change.impact)
        self._confirmed = change.target if result.outcome is Outcome.APPLIED else None
        return replace(result, clamped=change.clamped)

    async def _publish(self, *, on: bool) -> ApplyResult:
        settings = await self._settings()
        if isinstance(settings, Failure):
            return _refused(settings.problem)
        missing = [name for name in NEEDED_FOR_A_WRITE if name not in settings.fields]
        changed = publish_fields(settings, on=on)
        if missing or changed is None:
            return self._refused_here("its settings name no switch for its push, or are incomplete")
        if not changed:
            return ApplyResult(Outcome.APPLIED, "it is set so already", configured(settings))
        return await self._write_and_verify(settings, changed, Impact.NONE)

    async def _redirect(self, address: SecretStr) -> ApplyResult:
        settings = await self._settings()
        if isinstance(settings, Failure):
            return _refused(settings.problem)
        if any(name not in settings.fields for name in (*NEEDED_FOR_A_WRITE, PUSH_ADDRESS)):
            return self._refused_here("its settings name no address for its push, or are incomplete")
        wanted = address.get_secret_value()
        if settings.fields[PUSH_ADDRESS] == wanted:
            return ApplyResult(Outcome.APPLIED, "it is set so already", configured(settings))
        return await self._write_and_verify(settings, {PUSH_ADDRESS: wanted}, Impact.RECONNECT)

    async def _restart(self) -> ApplyResult:
        telemetry = await self._telemetry()
        if isinstance(telemetry, Failure):
            return _refused(telemetry.problem)
        if telemetry.uptime_s is None:
            return self._refused_here("its status shows no uptime, so a restart could not be proved")
        answer = await self._device.reboot()
        if answer.said is Said.NOT_SENT:
            return _refused(answer.problem)
        self._pacing = self._pacing.ordered_restart(telemetry.uptime_s, self._clock())
        self._confirmed = None
        return ApplyResult(Outcome.UNKNOWN, "restart ordered; proved when the status shows a smaller uptime")

    async def _write_and_verify(
        self, settings: OutputSettings, changed: Mapping[str, str], impact: Impact
    ) -> ApplyResult:
        answer = await self._device.write(settings, changed)
        if answer.said is Said.NOT_SENT:
            return _refused(answer.problem)
        expected = full_set(settings, changed)
        read_back = await self._settings()
        if not _shows(expected, read_back):
            await asyncio.sleep(self._settle_s)
            read_back = await self._settings()
        return self._judged(answer, settings, expected, read_back, impact)

    def _judged(
        self,
        answer: Answer,
        before: OutputSettings,
        expected: Mapping[str, str],
        read_back: OutputSettings | Failure,
        impact: Impact,
    ) -> ApplyResult:
        if isinstance(read_back, Failure):
            return ApplyResult(Outcome.UNKNOWN, f"written, but the read-back failed: {read_back.problem}")
        now = configured(read_back)
        wrong = differences(expected, read_back)
        if answer.said is Said.SOMETHING_ELSE:
            untouched = not differences(full_set(before, {}), read_back)
            outcome = Outcome.REFUSED if untouched else Outcome.UNKNOWN
            return ApplyResult(outcome, answer.problem, now)
        if wrong:
            said = "it said `succeed`" if answer.said is Said.SUCCEED else "it did not answer"
            detail = f"encoder {self._device.host}: {said}, but these read back otherwise: {', '.join(wrong)}"
            return ApplyResult(Outcome.UNKNOWN, detail, now)
        if cost(impact) >= Impact.REBOOT:
            return ApplyResult(Outcome.STORED, "it holds the new settings; a restart may be needed", now)
        return ApplyResult(Outcome.APPLIED, "the read-back shows it", now)

    def _held_back(self) -> ApplyResult | None:
        now_s = self._clock()
        if self._pacing.restarting(now_s):
            return self._refused_here("it is restarting")
        if not self._pacing.may_ask(now_s):
            return _refused(self._pacing.problem or "")
        return None

    async def _settings(self) -> OutputSettings | Failure:
        settings = await self._device.settings()
        self._note(settings)
        return settings

    async def _telemetry(self) -> Telemetry | Failure:
        telemetry = await self._device.telemetry()
        self._note(telemetry)
        if isinstance(telemetry, Telemetry):
            down = telemetry.publish is PublishState.NOT_CONNECTED
            self._pacing = self._pacing.seen_up(telemetry.uptime_s, self._clock(), push_is_down=down)
        return telemetry

    def _note(self, answer: OutputSettings | Telemetry | Failure) -> None:
        if not isinstance(answer, Failure):
            self._pacing = self._pacing.answered()
        elif answer.kind is FailureKind.AUTH:
            self._pacing = self._pacing.refused(answer.problem, self._clock())
        else:
            self._pacing = self._pacing.missed(answer.problem, self._clock())

    def _absent(self, problem: str | None) -> EncoderStatus:
        restarting = self._pacing.restarting(self._clock())
        text = f"encoder {self._device.host}: restarting" if restarting else problem
        return EncoderStatus(
            reachable=False, problem=text, last_configured=self._last_configured, restarting=restarting
        )

    def _problem_of(self, settings: OutputSettings | Failure, now: EncoderTarget | None) -> str | None:
        if isinstance(settings, Failure):
            return settings.problem
        if now is None:
            return f"encoder {self._device.host}: its settings show no size, bitrate or frame rate; connect an input"
        return None

    def _refused_here(self, reason: str) -> ApplyResult:
        return _refused(f"encoder {self._device.host}: {reason}")


def _refused(detail: str) -> ApplyResult:
    return ApplyResult(Outcome.REFUSED, detail)


def _shows(expected: Mapping[str, str], read_back: OutputSettings | Failure) -> bool:
    return not isinstance(read_back, Failure) and not differences(expected, read_back)


def _evidence(impact: Impact) -> str:
    return "not calibrated: counts as a reboot" if impact is Impact.UNKNOWN else "calibrated on this unit"
