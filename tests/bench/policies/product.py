"""The product's own decision code in simulated time: the edge's loop and the VPS's loop.

Both see raw windows of what their exporters told at each scrape, after the lag; `observe` and `decide`
are the live code. The actuators are modelled here: one order in flight, the newest wish waits.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Iterable
from math import ceil, floor
from typing import Protocol

from controller.decision.machine import State, decide
from controller.decision.model import (
    EncoderReading,
    EncoderTarget,
    EncoderTraits,
    Quality,
    Sample,
    Scene,
    SceneReading,
    Series,
)
from controller.decision.observing import WINDOW_S, observe
from controller.decision.policy import Policy
from controller.decision.sources import EDGE_SITE
from tests.bench.history import History, Setting
from tests.bench.link import Transport
from tests.bench.signals import EPOCH_S, IngestSignals, SenderSignals, Told
from tests.bench.simulation import RESTART_S, ChangeCost, Timing
from tests.bench.srt_signals import SrtIngestSignals, SrtReceiverSignals, SrtSenderSignals
from tests.bench.traces import BINS_PER_S

VPS_SITE = "vps"
ENCODER_FLOOR_BPS = 300_000
# The age of a sample that one Prometheus has shipped to the other on an idle link: the 95th percentile as measured of
# the demo's two.
SHIPPED_S = 1.1
UNREAD = EncoderReading(driven=False)


def traits(cost: ChangeCost, *, latency_s: float) -> EncoderTraits:
    """What calibration would have found of the encoder that `cost` describes."""
    bitrate_s = RESTART_S if cost is ChangeCost.RESTART else 0.0
    geometry_s = 0.0 if cost is ChangeCost.SEAMLESS else RESTART_S
    return EncoderTraits(
        bitrate_cost_s=bitrate_s,
        geometry_cost_s=geometry_s,
        audio_only_cost_s=geometry_s,
        min_bitrate_bps=ENCODER_FLOOR_BPS,
        latency_s=latency_s,
    )


class Windows:
    """Raw windows of one Prometheus: scrapes go in with their time, `Series` come out."""

    def __init__(self, period_s: float) -> None:
        self._kept = int(WINDOW_S / period_s) + 1
        self._rows: dict[tuple[str, tuple[tuple[str, str], ...]], deque[Sample]] = {}

    def scrape(self, at_s: float, site: str, exporter: str, told: Told) -> None:
        """Store what an exporter told at `at_s`, with what every exporter says of itself."""
        target = (("instance", f"{site}:{exporter}"), ("job", exporter), ("site", site))
        for metric, labels, value in (*told, *_frame(exporter, at_s)):
            if value is not None:
                key = (metric, tuple(sorted((*target, *labels))))
                row = self._rows.get(key)
                if row is None:
                    row = self._rows[key] = deque(maxlen=self._kept)
                row.append(Sample(at_s, value))

    def series(self, at_s: float) -> list[Series]:
        """The windows that reach back `WINDOW_S` from `at_s`; a series without a sample in it is left out."""
        begin = at_s - WINDOW_S
        found = []
        for (metric, labels), row in self._rows.items():
            while row and row[0].t_s < begin:
                row.popleft()
            if row:
                found.append(Series(metric, labels, tuple(row)))
        return found


def _frame(exporter: str, at_s: float) -> Iterable[tuple[str, tuple[tuple[str, str], ...], float | None]]:
    yield f"{exporter}_exporter_clock_timestamp_seconds", (), at_s
    collector = (("collector", "source"),)
    yield f"{exporter}_scrape_collector_last_success_timestamp_seconds", collector, at_s


class Exporter(Protocol):
    """One exporter over a run: it looks at the run up to a step, and tells what it would then serve."""

    def advance(self, end: int) -> None:
        """Look up to and with step `end`."""
        ...

    def told(self) -> Told:
        """Metric, labels and value of everything it would serve now; None where it is absent."""
        ...


class _Sources:
    """The exporters of the run's transport, with their metrics' prefix: beside the encoder, and on the server."""

    def __init__(self, history: History) -> None:
        self.edge: tuple[tuple[str, Exporter], ...]
        self.vps: tuple[tuple[str, Exporter], ...]
        if history.transport is Transport.SRT:
            self.edge = (("srtla", SrtSenderSignals(history)),)
            self.vps = (("ingest", SrtIngestSignals(history)), ("srtla", SrtReceiverSignals(history)))
        else:
            self.edge = (("mptcp", SenderSignals(history)),)
            self.vps = (("ingest", IngestSignals(history)),)


class Product:
    """A shipped policy, as the edge controller and the VPS controller run it."""

    steps_per_s = BINS_PER_S

    def __init__(self, policy: Policy, timing: Timing, cost: ChangeCost) -> None:
        self.latency_s = timing.latency_s
        self._policy = policy
        self._timing = timing
        self._traits = traits(cost, latency_s=timing.latency_s)
        self._cost = cost
        self._period = timing.period_s * self.steps_per_s
        self._lag = round(timing.lag_s * self.steps_per_s)
        self._edge, self._vps = State.initial(policy), State.initial(policy)
        self._edge_windows, self._vps_windows = Windows(timing.period_s), Windows(timing.period_s)
        self._sent: EncoderTarget = self._edge.target
        self._busy_until = -1
        self._sources: _Sources | None = None
        self._scene: Scene | None = None
        self.start = setting(self._sent)

    def next_look(self, after: int) -> int:
        """The next scrape plus the lag; a period of two and a half steps is two and three in turn."""
        scrape = max(1, ceil((after - self._lag + 2) / self._period))
        return floor(scrape * self._period) - 1 + self._lag

    def look(self, history: History) -> Setting | None:
        """Scrape, observe and decide on both machines; the encoder's order, when a new one can be sent."""
        if self._sources is None:
            self._sources = _Sources(history)
            history.states.append((0, self._edge.quality))
        step = history.steps - 1
        at_s = EPOCH_S + history.steps / self.steps_per_s
        self._scrape(step - self._lag, EPOCH_S + (history.steps - self._lag) / self.steps_per_s)
        self._decide_encoder(history, at_s)
        self._decide_scene(history, at_s)
        wish = self._edge.target
        if wish == self._sent or step < self._busy_until:
            return None
        old, self._sent = setting(self._sent), wish
        self._busy_until = step + round(self.latency_s * self.steps_per_s)
        if self._cost.restarts(old, setting(wish)):
            self._busy_until += round(RESTART_S * self.steps_per_s)
        return setting(wish)

    def _scrape(self, end: int, at_s: float) -> None:
        if self._sources is None:
            return
        for exporter, source in self._sources.edge:
            source.advance(end)
            self._edge_windows.scrape(at_s, EDGE_SITE, exporter, source.told())
        for exporter, source in self._sources.vps:
            source.advance(end)
            self._vps_windows.scrape(at_s, VPS_SITE, exporter, source.told())

    def _decide_encoder(self, history: History, at_s: float) -> None:
        busy = history.steps - 1 < self._busy_until
        seen = observe(
            at_s=at_s,
            series=self._edge_windows.series(at_s),
            encoder=EncoderReading(reachable=True, confirmed=None if busy else self._sent, changing=busy),
            encoder_traits=self._traits,
            scene=SceneReading(),
            override=None,
            policy=self._policy,
        )
        decision = decide(self._edge, seen, self._policy)
        self._edge = decision.state
        if decision.changed_from is not None:
            history.states.append((history.steps, decision.quality))

    def _decide_scene(self, history: History, at_s: float) -> None:
        state = state_at(history, history.steps - round(SHIPPED_S * self.steps_per_s))
        shipped = (("vvlive_quality_state", (("state", q.value),), float(q.value == state)) for q in Quality)
        self._vps_windows.scrape(at_s - SHIPPED_S, EDGE_SITE, "vvlive", iter(tuple(shipped)))
        seen = observe(
            at_s=at_s,
            series=self._vps_windows.series(at_s),
            encoder=UNREAD,
            encoder_traits=self._traits,
            scene=SceneReading(reachable=True, scene=self._scene, streaming=True),
            override=None,
            policy=self._policy,
        )
        decision = decide(self._vps, seen, self._policy)
        self._vps = decision.state
        if decision.scene is not None and decision.scene is not self._scene:
            self._scene = decision.scene
            shown = history.steps + round(self._timing.scene_latency_s * self.steps_per_s)
            history.scenes.append((shown, decision.scene))


def state_at(history: History, step: int) -> str:
    """The quality state that was in force at `step`; before the first one, the first."""
    return next((state for since, state in reversed(history.states) if since <= step), history.states[0][1])


def setting(target: EncoderTarget) -> Setting:
    """The model's setting for an encoder target."""
    return Setting(target.bitrate_bps / 1_000.0, 0 if target.audio_only else target.height_px)
