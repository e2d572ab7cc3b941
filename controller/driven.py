"""What the loop says to its devices, and what it hears of them: without ever waiting for one.

A part that is not configured has the same face and does nothing, so that the loop has no special case.
"""

from __future__ import annotations

from collections import deque
from dataclasses import replace
from typing import TYPE_CHECKING

from controller.actuation.arrival import Verdict, Watch, verdict, watch
from controller.decision.model import EncoderReading, EncoderTraits, SceneReading
from controller.status import DeviceStatus

if TYPE_CHECKING:
    from collections.abc import Mapping

    from controller.actuation.devices import EncoderDevice, StudioDevice
    from controller.actuation.driving import Reconciler
    from controller.actuation.studio_watch import StudioWatch
    from controller.decision.model import EncoderTarget, Observation, Scene
    from controller.journal import Journal
    from controller.ports import Clock

# A fall that does not arrive in its time may be a queue that drains; twice that time is a device that does not do it.
CONTRADICTIONS_BELIEVED = 1
# Ticks whose received rate is kept: an order takes 15 s at most, at up to four ticks a second.
_HISTORY = 64


class DrivenEncoder:
    """The encoder as the loop knows it; both parts None where no encoder is configured."""

    def __init__(
        self,
        *,
        clock: Clock,
        journal: Journal,
        device: EncoderDevice | None = None,
        reconciler: Reconciler[EncoderTarget] | None = None,
    ) -> None:
        self.device = device
        self.reconciler = reconciler
        self._clock = clock
        self._journal = journal
        self._watched: Watch | None = None
        self._received: deque[tuple[float, float | None]] = deque(maxlen=_HISTORY)
        self._contradictions = 0

    @property
    def traits(self) -> EncoderTraits:
        """What changes cost."""
        return EncoderTraits() if self.device is None else self.device.traits

    def reading(self) -> EncoderReading:
        """What is known of the encoder now."""
        driven = self.reconciler
        if driven is None:
            return EncoderReading(driven=False)
        return EncoderReading(
            reachable=driven.memory.reachable,
            confirmed=driven.memory.known,
            changing=driven.in_flight or driven.confirmed is False,
        )

    def want(self, target: EncoderTarget, *, number: int) -> None:
        """Want `target` by decision `number`."""
        if self.reconciler is not None:
            self.reconciler.want(target, number=number)

    def watch_arrival(self, observation: Observation) -> None:
        """Look whether the last change of bitrate arrives: at the ingest, or else in what the links delivered."""
        received_bps = observation.ingest.received_bps
        if received_bps is None:
            received_bps = observation.delivered_bps
        now_s = self._clock.monotonic_s()
        self._begin_watch(now_s)
        self._received.append((now_s, received_bps))
        if self._watched is None:
            return
        found = verdict(self._watched, received_bps=received_bps, now_s=now_s)
        if found is Verdict.ARRIVED:
            self._journal.shown(self._watched.number, "encoder", at_s=observation.at_s)
            self._contradictions = 0
        if found is Verdict.CONTRADICTED:
            self._contradicted(self._watched, at_s=observation.at_s)
            return
        if found is not Verdict.WAITING:
            self._watched = None

    def _begin_watch(self, now_s: float) -> None:
        applied = self.reconciler.take_applied() if self.reconciler is not None else None
        if applied is None or self._doubted(applied.value):
            return
        self._contradictions = 0
        # What arrived when the order went out: by now the change may have arrived already.
        before = [received_bps for at_s, received_bps in self._received if at_s <= applied.ordered_s]
        self._watched = watch(
            number=applied.number,
            from_bps=None if applied.before is None else applied.before.bitrate_bps,
            to_bps=applied.value.bitrate_bps,
            received_bps=before[-1] if before else None,
            since_s=now_s,
        )

    def _doubted(self, target: EncoderTarget) -> bool:
        """Whether a fall that was not believed is still watched; a deeper one must show as well as that."""
        watched = self._watched
        return self._contradictions > 0 and watched is not None and target.bitrate_bps <= watched.to_bps

    def _contradicted(self, watched: Watch, *, at_s: float) -> None:
        """Tell it, and watch once more; what still does not fall then is no queue that drains."""
        self._contradictions += 1
        text = f"it says {watched.to_bps / 1000:.0f} kbit/s, but what arrives did not fall"
        self._watched = replace(watched, since_s=self._clock.monotonic_s())
        if self._contradictions > CONTRADICTIONS_BELIEVED and self.device is not None:
            self.device.disbelieve()
            text += "; its bitrate counts as not live until it restarts"
            self._watched, self._contradictions = None, 0
        self._journal.noticed(at_s=at_s, subject="encoder", text=text)

    def status(self) -> DeviceStatus | None:
        """The encoder for page, API and metrics; None where there is none."""
        if self.reconciler is None:
            return None
        status = device_status(self.reconciler, now_s=self._clock.monotonic_s())
        if self.device is None:
            return status
        return replace(status, problem=status.problem or self.device.remark, introduction=self.device.introduction)


class DrivenStudio:
    """OBS as the loop knows it; both parts None where no OBS is configured."""

    def __init__(
        self,
        *,
        clock: Clock,
        names: Mapping[Scene, str],
        device: StudioDevice | None = None,
        reconciler: Reconciler[str] | None = None,
    ) -> None:
        self.device = device
        self.reconciler = reconciler
        self._clock = clock
        self._names = dict(names)
        self._scenes = {name: scene for scene, name in names.items()}

    def reading(self) -> SceneReading:
        """What is known of OBS now; a scene that is none of ours is unknown."""
        driven, device = self.reconciler, self.device
        if driven is None or device is None:
            return SceneReading()
        known = driven.memory.known
        return SceneReading(
            reachable=driven.memory.reachable,
            scene=None if known is None else self._scenes.get(known),
            streaming=device.status.streaming if device.status is not None and driven.memory.reachable else None,
            picture_still_s=device.watch.clock_still_s if driven.memory.reachable else None,
        )

    @property
    def watch(self) -> StudioWatch | None:
        """What the last reads of OBS show together; None where none is configured."""
        return None if self.device is None else self.device.watch

    @property
    def shown_name(self) -> str | None:
        """The name of the scene on program; None while unknown."""
        return None if self.reconciler is None else self.reconciler.memory.known

    def want(self, scene: Scene | None, *, number: int) -> None:
        """Want `scene` by decision `number`; None wants nothing new."""
        if self.reconciler is not None and scene is not None:
            self.reconciler.want(self._names[scene], number=number)

    def status(self) -> DeviceStatus | None:
        """OBS for page, API and metrics; None where there is none."""
        return None if self.reconciler is None else device_status(self.reconciler, now_s=self._clock.monotonic_s())


def device_status(reconciler: Reconciler[EncoderTarget] | Reconciler[str], *, now_s: float) -> DeviceStatus:
    """One reconciler's device at the monotonic moment `now_s`."""
    memory, tally = reconciler.memory, reconciler.tally
    by_hand_s = None if memory.hands_off_until_s is None else memory.hands_off_until_s - now_s
    return DeviceStatus(
        reachable=memory.reachable,
        problem=memory.problem or memory.refusal,
        confirmed=reconciler.confirmed,
        in_flight=reconciler.in_flight,
        requests=tally.requests,
        failures=tally.failures,
        last_took_s=tally.last_took_s,
        by_hand_for_s=by_hand_s if by_hand_s is not None and by_hand_s > 0 else None,
        answer_age_s=None if memory.answered_s is None else now_s - memory.answered_s,
    )
