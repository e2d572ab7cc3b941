"""The two devices as the reconciler sees them: an encoder and a studio behind one face."""

from __future__ import annotations

import time
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Protocol, TypeVar

from controller import studio_verbs
from controller.actuation.reconciling import Reading, Written
from controller.actuation.republishing import Outage, Repair, push_seen
from controller.actuation.sparing import SHARE_OF_RISES, changes, restarts
from controller.actuation.studio_watch import StudioWatch, findings, looked, wants_look, watched
from controller.decision.model import EncoderTarget, EncoderTraits
from controller.ports import Impact, Impacts, Outcome

if TYPE_CHECKING:
    from collections.abc import Callable

    from controller.ports import Encoder, EncoderCapabilities, EncoderStatus, Studio, StudioStatus

V = TypeVar("V")


class Device(Protocol[V]):
    """A device that can be read, told one thing, and may only be brought so far."""

    async def read(self) -> Reading[V]:
        """Read what it plays."""
        ...

    async def write(self, wanted: V) -> Written[V]:
        """Order `wanted` and read it back."""
        ...

    def fit(self, wanted: V, value: V | None) -> V | None:
        """What of `wanted` may be ordered while it plays `value`; None for nothing now."""
        ...

    def urgent(self, fitted: V, value: V | None) -> bool:
        """Whether the change from `value` to `fitted` must not wait for its turn."""
        ...

    async def close(self) -> None:
        """Give connections back."""
        ...


@dataclass(frozen=True, slots=True)
class Calibration:
    """What a change costs on this unit, and what automation may cause. `unit` names the one it was measured on."""

    impacts: Impacts
    max_impact: Impact
    traits: EncoderTraits
    unit: str | None = None
    most_changes_per_hour: int | None = None
    republish_after_s: float = 0.0

    def allows(self, impact: Impact) -> bool:
        """Whether automation may cause `impact`; what is not calibrated it never may."""
        return impact is not Impact.UNKNOWN and impact <= self.max_impact


class EncoderDevice:
    """An encoder driver, bounded by its calibration and what was learned of it; `tell` takes the operator's lines."""

    def __init__(
        self,
        encoder: Encoder,
        calibration: Calibration,
        *,
        tell: Callable[[str], None] = lambda _: None,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._encoder = encoder
        self._calibration = calibration
        self._tell = tell
        self._clock = clock
        self._changes, self._restarts = changes(calibration.most_changes_per_hour), restarts()
        self._outage = Outage()
        self._not_live: frozenset[str] = frozenset()
        self.status: EncoderStatus | None = None
        self.capabilities: EncoderCapabilities | None = None
        self._uptime_s: float | None = None

    @property
    def traits(self) -> EncoderTraits:
        """The calibrated traits within what the unit has, less what it was seen not to do."""
        traits = within_capabilities(self._calibration.traits, self.capabilities)
        if not self._may("bitrate", self._calibration.impacts.bitrate):
            traits = replace(traits, bitrate_cost_s=None)
        if not self._may("geometry", self._calibration.impacts.geometry):
            traits = replace(traits, geometry_cost_s=None)
        if not self._may("audio_only", self._calibration.impacts.audio_only):
            traits = replace(traits, audio_only_cost_s=None)
        return traits

    def _may(self, field: str, impact: Impact) -> bool:
        if self._is_another_unit or field in self._not_live or not self._calibration.allows(impact):
            return False
        return impact is not Impact.REBOOT or self._restarts.allows(self._clock())

    @property
    def remark(self) -> str | None:
        """What the operator should know of this unit; None when all is well with it."""
        if self._is_another_unit:
            return f"it is not the unit that was calibrated ({self._calibration.unit}): run `vvlive doctor encoder`"
        if self._not_live:
            return f"a change of its {' and '.join(sorted(self._not_live))} does not play before it restarts"
        if self.status is not None and self.status.has_input is False:
            return "no picture comes in: check the camera and its cable"
        if self.status is not None and self.status.publishing is False and self.status.reachable:
            return "it is not connected to its stream's target"
        return None

    @property
    def _is_another_unit(self) -> bool:
        """Whether the unit says that it is another than the one that was calibrated."""
        calibrated, found = self._calibration.unit, self.capabilities
        return calibrated is not None and found is not None and found.identity != calibrated

    @property
    def introduction(self) -> str | None:
        """What the unit said of itself, in one line; None before it did."""
        found = self.capabilities
        if found is None:
            return None
        costs = ", ".join(f"{field} {impact.name.lower()}" for field, impact in impacts_in(found))
        known = "; ".join(f"{field}: {how}" for field, how in found.evidence)
        return f"it is {found.identity}; a change costs: {costs} ({known})"

    async def read(self) -> Reading[EncoderTarget]:
        """Read the encoder. A run time that fell is the proof of a restart, and a new start for its faults."""
        status = await self._encoder.read()
        self.status = status
        if not status.reachable:
            return Reading(reachable=False, problem=status.problem)
        restarted = self._uptime_s is not None and status.uptime_s is not None and status.uptime_s < self._uptime_s
        self._uptime_s = status.uptime_s if status.uptime_s is not None else self._uptime_s
        if restarted:
            self._not_live = frozenset()
        if restarted or self.capabilities is None:
            await self._introduce()
        await self._republish(status)
        return Reading(reachable=True, value=status.configured, problem=status.problem, restarted=restarted)

    async def _introduce(self) -> None:
        """Ask the unit what it is and can, before the first order of its run; tell it when it is news."""
        before = self.introduction
        self.capabilities = await self._encoder.probe() or self.capabilities
        if self.introduction is not None and self.introduction != before:
            self._tell(self.introduction)

    async def write(self, wanted: EncoderTarget) -> Written[EncoderTarget]:
        """Order `wanted`. What is only stored is not asked for again before the encoder restarts."""
        before = self.status.configured if self.status else None
        result = await self._encoder.apply(wanted, self._calibration.max_impact)
        if result.outcome is not Outcome.REFUSED:
            self._spend()
        if result.outcome is Outcome.STORED:
            changed = changed_fields(before, wanted)
            if all(self._may(field, self._impact(field)) and self._impact(field) is Impact.REBOOT for field in changed):
                return await self._restart()
            self._not_live |= changed
        return Written(outcome=result.outcome, detail=result.detail, read_back=result.read_back)

    def _impact(self, field: str) -> Impact:
        found: Impact = getattr(self._calibration.impacts, field)
        return found

    def _spend(self) -> None:
        """Count a change; tell when rises have to wait."""
        now_s = self._clock()
        before, self._changes = self._changes, self._changes.used(now_s)
        if before.allows(now_s, share=SHARE_OF_RISES) and not self._changes.allows(now_s, share=SHARE_OF_RISES):
            most = self._calibration.most_changes_per_hour
            self._tell(f"most of the {most} changes that an hour may see are used: only falls are ordered for now")

    async def _restart(self) -> Written[EncoderTarget]:
        """Restart the unit for what it stored, which its calibration permits, at most once in half an hour."""
        self._restarts = self._restarts.used(self._clock())
        result = await self._encoder.restart()
        self._tell(f"it is restarted for its new settings: {result.detail}")
        return Written(outcome=Outcome.UNKNOWN, detail=f"stored, and the unit is restarted: {result.detail}")

    async def _republish(self, status: EncoderStatus) -> None:
        """Switch a push that stays down off and on, once an outage; then tell."""
        if status.has_input is False or status.restarting:
            return
        after_s = self._calibration.republish_after_s
        self._outage, repair = push_seen(
            self._outage,
            publishing=status.publishing,
            switched_on=status.push_on,
            now_s=self._clock(),
            after_s=after_s,
        )
        if repair is Repair.TOGGLE:
            await self._encoder.publish(on=False)
            on = await self._encoder.publish(on=True)
            self._tell(f"its push was down for {after_s:g} s and is switched off and on: {on.detail}")
        if repair is Repair.TELL:
            self._tell("its push is still down: look at the stream's address and key, and at the links")

    def disbelieve(self) -> None:
        """Count the bitrate as not live until the encoder restarts: it said so, and what arrives says no."""
        self._not_live |= {"bitrate"}

    def fit(self, wanted: EncoderTarget, value: EncoderTarget | None) -> EncoderTarget | None:
        """`wanted` with the fields that may not be changed as they are; None while it is no time to change.

        Without a picture at its input the encoder's rate says nothing about the network, and while it does
        not publish a rise could not be seen to arrive.
        """
        status = self.status
        if value is None or (status is not None and (status.has_input is False or status.restarting)):
            return None
        fitted = replace(wanted, floor_bps=wanted.floor_bps if self.traits.own_abr else value.floor_bps)
        if not self._may("geometry", self._calibration.impacts.geometry):
            fitted = replace(
                fitted, width_px=value.width_px, height_px=value.height_px, frame_rate_hz=value.frame_rate_hz
            )
        if not self._may("audio_only", self._calibration.impacts.audio_only):
            fitted = replace(fitted, audio_only=value.audio_only)
        if not self._may("bitrate", self._calibration.impacts.bitrate):
            fitted = replace(fitted, bitrate_bps=value.bitrate_bps)
        rises = fitted.bitrate_bps > value.bitrate_bps
        silent = status is not None and status.publishing is False
        spared = not self._changes.allows(
            self._clock(), share=1.0 if fitted.bitrate_bps < value.bitrate_bps else SHARE_OF_RISES
        )
        return None if (rises and silent) or (spared and fitted != value) else fitted

    def urgent(self, fitted: EncoderTarget, value: EncoderTarget | None) -> bool:
        """A fall of the bitrate saves the picture; everything else can wait."""
        return value is not None and fitted.bitrate_bps < value.bitrate_bps

    async def close(self) -> None:
        """Give the driver's connections back."""
        await self._encoder.close()


def impacts_in(found: EncoderCapabilities) -> tuple[tuple[str, Impact], ...]:
    """What each kind of change costs, by field."""
    return (
        ("bitrate", found.bitrate_impact),
        ("geometry", found.geometry_impact),
        ("audio only", found.audio_only_impact),
    )


def within_capabilities(traits: EncoderTraits, found: EncoderCapabilities | None) -> EncoderTraits:
    """`traits` narrowed to what the unit says that it can do; as they are while it has said nothing."""
    if found is None:
        return traits
    return replace(
        traits,
        own_abr=traits.own_abr or found.own_abr,
        min_bitrate_bps=max(traits.min_bitrate_bps, found.min_bitrate_bps),
        max_bitrate_bps=min(traits.max_bitrate_bps, found.max_bitrate_bps),
        step_bps=max(traits.step_bps, found.step_bps),
    )


def changed_fields(before: EncoderTarget | None, after: EncoderTarget) -> frozenset[str]:
    """Which kinds of change lead from `before` to `after`; without a before, all three."""
    if before is None:
        return frozenset({"bitrate", "geometry", "audio_only"})
    fields = set()
    if before.bitrate_bps != after.bitrate_bps:
        fields.add("bitrate")
    if before.audio_only != after.audio_only:
        fields.add("audio_only")
    if (before.width_px, before.height_px, before.frame_rate_hz) != (
        after.width_px,
        after.height_px,
        after.frame_rate_hz,
    ):
        fields.add("geometry")
    return frozenset(fields)


class StudioDevice:
    """OBS, told the operator's scene names. `picture` is the ingest's source; `tell` takes the operator's lines."""

    def __init__(
        self,
        studio: Studio,
        *,
        picture: str | None = None,
        now_s: Callable[[], float] = time.monotonic,
        tell: Callable[[str], None] = lambda _: None,
    ) -> None:
        self.studio = studio
        self.status: StudioStatus | None = None
        self.watch = StudioWatch()
        self._picture = picture
        self._now_s = now_s
        self._tell = tell

    async def read(self) -> Reading[str]:
        """Read which scene is on program, and watch the rest."""
        status = await self.studio.read()
        self.status = status
        await self._look(status)
        return Reading(
            reachable=status.reachable,
            value=status.scene_name,
            problem=status.problem,
            by_hand=status.operator_scene is not None,
            settling=status.settling,
        )

    async def _look(self, status: StudioStatus) -> None:
        """Watch what was read, look at the picture where that is called for, and tell what is newly wrong or over."""
        before = findings(self.watch)
        self.watch = watched(self.watch, status, now_s=self._now_s())
        if self._picture is not None and wants_look(self.watch):
            seen = await studio_verbs.glance(self.studio, self._picture)
            self.watch = looked(self.watch, seen, now_s=self._now_s())
        after = findings(self.watch)
        for text in after:
            if text not in before:
                self._tell(text)
        if self.watch.status is not None:
            for text in before:
                if text not in after:
                    self._tell(f"no longer: {text}")

    async def write(self, wanted: str) -> Written[str]:
        """Put the scene on program and read it back."""
        result = await self.studio.show(wanted)
        return Written(outcome=result.outcome, detail=result.detail, read_back=result.shown_name)

    def fit(self, wanted: str, value: str | None) -> str | None:
        """Any scene may follow any other; one that OBS does not have cannot be shown."""
        known = self.status.scene_names if self.status else ()
        return wanted if not known or wanted in known else value

    def urgent(self, fitted: str, value: str | None) -> bool:
        """Every scene is shown at once."""
        return fitted != value

    async def close(self) -> None:
        """Give the connection back."""
        await self.studio.close()
