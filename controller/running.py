"""The controller as one process: its tasks, its status, its end."""

from __future__ import annotations

import asyncio
import math
import time
from typing import TYPE_CHECKING, get_args

from controller.api.app import build_app
from controller.api.face import Face
from controller.api.lookups import Lookups
from controller.api.serving import serve
from controller.api.views import status_view
from controller.config import ObsSection
from controller.decision.band import out_of_band
from controller.decision.health import health
from controller.decision.trust import trust
from controller.linking.edge import EdgeLink
from controller.status import Decided, Plan, Status

if TYPE_CHECKING:
    import socket
    from collections.abc import Mapping

    from controller.actuation.driving import Reconciler
    from controller.alerting.desk import AlertDesk
    from controller.api.access import Access
    from controller.carrier import Carrier
    from controller.decision.model import EncoderTarget
    from controller.driven import DrivenEncoder, DrivenStudio
    from controller.journal import Journal
    from controller.linking.edge import OtherEnd
    from controller.linking.vps import VpsEnd
    from controller.loop import Loop
    from controller.memory_file import MemoryFile
    from controller.overriding.desk import OverrideDesk
    from controller.ports import Clock, MetricReader, MetricSource
    from controller.timeline.keeper import Keeper

# A memory older than ten minutes is not used after a restart, so a long calm must be written too.
REMEMBER_EVERY_S = 60.0


class SystemClock:
    """The machine's clocks."""

    def wall_s(self) -> float:
        """Seconds since the epoch."""
        return time.time()

    def monotonic_s(self) -> float:
        """The clock of asyncio's own loop."""
        return time.monotonic()


class Controller:
    """All parts of one controller, composed by `wiring`."""

    def __init__(  # noqa: PLR0913 - the composition of the controller, each part by its name
        self,
        *,
        rig: str,
        clock: Clock,
        loop: Loop,
        source: MetricSource,
        encoder: DrivenEncoder,
        studio: DrivenStudio,
        journal: Journal,
        memory_file: MemoryFile | None,
        carrier: Carrier | None = None,
        desk: OverrideDesk,
        access: Access,
        alerts: AlertDesk,
        keeper: Keeper,
        reader: MetricReader,
        match: Mapping[str, str],
        obs: ObsSection | None,
        vps: VpsEnd,
        other: OtherEnd | None,
        caps_bytes: Mapping[str, int],
    ) -> None:
        self.journal = journal
        self._rig = rig
        self._clock = clock
        self._loop = loop
        self._source = source
        self._encoder = encoder
        self._studio = studio
        self._memory_file = memory_file
        self._carrier = carrier
        self.desk = desk
        self._access = access
        self._alerts = alerts
        self._keeper = keeper
        self._reader = reader
        self._lookups = Lookups(reader=reader, match=match, clock=clock)
        self._obs = obs
        self._vps = vps
        self._link = (
            None
            if other is None
            else EdgeLink(
                other=other,
                keeper=keeper,
                desk=desk,
                clock=clock,
                journal=journal,
                status=lambda: status_view(self.status()).model_dump(mode="json", exclude_none=True),
            )
        )
        self._caps_bytes = caps_bytes
        desk.on_change = loop.hurry
        self._started_s = clock.monotonic_s()

    async def run(self, bound: socket.socket) -> None:
        """Drive, and serve on `bound`, until cancelled."""
        app = build_app(self.face())
        try:
            async with asyncio.TaskGroup() as tasks:
                tasks.create_task(self.drive())
                tasks.create_task(serve(app, bound))
        finally:
            self._keeper.store.close()  # after the last request that reads it

    def face(self) -> Face:
        """What the API answers from."""
        device = self._studio.device
        return Face(
            status=self.status,
            journal=self.journal,
            clock=self._clock,
            access=self._access,
            desk=self.desk,
            alerts=self._alerts,
            keeper=self._keeper,
            caps_bytes=self._caps_bytes,
            lookups=self._lookups,
            vps=self._vps,
            observation=lambda: None if self._loop.last is None else self._loop.last[0],
            reconcilers=self._reconcilers,
            studio=None if device is None else device.studio,
            studio_status=lambda: None if device is None else device.status,
            ingest_source=None if self._obs is None else self._obs.ingest_source,
            library=None if self._obs is None else self._obs.library,
            libraries=get_args(ObsSection.model_fields["library"].annotation),
        )

    @property
    def _reconcilers(self) -> tuple[Reconciler[EncoderTarget] | Reconciler[str], ...]:
        return tuple(one for one in (self._encoder.reconciler, self._studio.reconciler) if one is not None)

    async def drive(self) -> None:
        """Tick and reconcile until cancelled; then give every connection back."""
        reconcilers = self._reconcilers
        try:
            async with asyncio.TaskGroup() as tasks:
                for reconciler in reconcilers:
                    tasks.create_task(reconciler.run())
                tasks.create_task(self._loop.run())
                tasks.create_task(self._alerts.run())
                tasks.create_task(self._keeper.run())
                if self._link is not None:
                    tasks.create_task(self._link.run())
                if self._carrier is not None:
                    tasks.create_task(self._carrier.run())
                if self._memory_file is not None:
                    tasks.create_task(self._remember(self._memory_file))
        finally:
            self.desk.close()
            for reconciler in reconcilers:
                await reconciler.close()
            await self._source.close()
            await self._reader.close()

    async def _remember(self, memory_file: MemoryFile) -> None:
        """Keep the memory on disk: when the state changed and once a minute, not each second, for cards wear."""
        written: tuple[object, ...] = ()
        written_s = -math.inf
        while True:
            await asyncio.sleep(self._loop.period_s)
            state, now_s = self._loop.state, self._clock.monotonic_s()
            present = (state.quality, state.base, state.scene)
            if present != written or now_s - written_s >= REMEMBER_EVERY_S:
                await asyncio.to_thread(memory_file.write, state)
                written, written_s = present, now_s

    def status(self) -> Status:
        """Everything that is known at this moment."""
        now_s, pulse, self_test = self._clock.monotonic_s(), self._loop.pulse, self._loop.self_test
        encoder, studio = self._encoder, self._studio
        return Status(
            rig=self._rig,
            policy=self._loop.policy.name,
            at_s=self._clock.wall_s(),
            uptime_s=now_s - self._started_s,
            period_s=self._loop.period_s,
            source_problem=pulse.source_problem,
            self_test=self_test.verdict,
            armed=self_test.armed,
            last_tick_age_s=None if pulse.ticked_s is None else now_s - pulse.ticked_s,
            tick_duration_s=pulse.took_s,
            counts=pulse.counts,
            decided=self._decided(),
            drives_encoder=encoder.reconciler is not None,
            drives_studio=studio.reconciler is not None,
            encoder=encoder.status(),
            encoder_confirmed=encoder.reading().confirmed,
            studio=studio.status(),
            scene_shown=studio.reading().scene,
            scene_shown_name=studio.shown_name,
            streaming=studio.reading().streaming,
            studio_watch=studio.watch,
            override=self.desk.in_force(),
            rig_end=self._vps.rig(),
            vps_connected=None if self._link is None else self._link.connected,
            vps_problem=None if self._link is None else self._link.problem,
            watchdog_seen_s=self._alerts.watchdog_seen_s,
            plans=self._plans(),
            history=self._keeper.history,
        )

    def _plans(self) -> tuple[Plan, ...]:
        """What each uplink carried in its present month; of those with a cap also when nothing did yet."""
        ledger, month = self._keeper.ledger, self._keeper.month
        uplinks = {uplink for uplink, _ in ledger.months} | set(self._caps_bytes)
        return tuple(
            Plan(uplink, ledger.of(uplink, month(uplink)), self._caps_bytes.get(uplink)) for uplink in sorted(uplinks)
        )

    def _decided(self) -> Decided | None:
        if self._loop.last is None:
            return None
        seen, decision = self._loop.last
        drives_encoder = self._encoder.reconciler is not None
        drives_studio = self._studio.reconciler is not None
        return Decided(
            at_s=seen.at_s,
            quality=decision.quality,
            since_s=seen.at_s if decision.state.since_s is None else decision.state.since_s,
            target=decision.target if drives_encoder else None,
            scene=decision.scene if drives_studio else None,
            reason=decision.reason,
            scene_reason=decision.scene_reason if drives_studio else None,
            freshness=seen.freshness,
            age_s=seen.age_s,
            edge_state=seen.edge_state,
            capacity=seen.capacity,
            delivered_bps=seen.delivered_bps,
            drain_time_s=seen.drain_time_s,
            loss_ratio=seen.loss_ratio,
            min_rtt_s=seen.min_rtt_s,
            uplinks=seen.uplinks,
            ingest=seen.ingest,
            override=seen.override,
            health=health(seen),
            carrier=seen.carrier,
            trusts={record.name: trust(record) for record in decision.state.uplinks},
            out_of_band=out_of_band(decision.state, self._loop.policy) if drives_encoder else {},
        )
