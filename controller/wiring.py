"""The one place where the parts are put together: from a configuration to a controller that can run."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

from controller.actuation.devices import EncoderDevice, StudioDevice
from controller.actuation.driving import Reconciler
from controller.actuation.reconciling import Pace
from controller.adapters.link_http import LinkHttp
from controller.adapters.obs.sequences import Watched
from controller.adapters.obs_http import HttpStudio
from controller.adapters.obs_obsws import ObswsStudio
from controller.adapters.obs_simple import SimpleStudio
from controller.adapters.prometheus import PrometheusSource
from controller.alerting.desk import AlertDesk
from controller.alerting.judging import Response
from controller.api.access import Access
from controller.arming import SelfTest
from controller.carrier import Carrier, Redirected
from controller.decision import carrying, policies
from controller.decision.model import Quality, Scene, Transport
from controller.decision.observing import WINDOW_S, metrics
from controller.decision.policy import Policy, Preset
from controller.driven import DrivenEncoder, DrivenStudio
from controller.journal import Journal
from controller.linking.vps import VpsEnd
from controller.loop import Loop
from controller.memory_file import MemoryFile
from controller.overriding.desk import OverrideDesk
from controller.overriding.file import BookFile
from controller.ports import NoAnswer
from controller.queries import metrics_wanted, raw_window
from controller.recording import Recorder
from controller.running import Controller, SystemClock
from controller.timeline import ledger
from controller.timeline.keeper import Bounds, Keeper
from controller.timeline.store import Store
from controller.wiring_encoder import calibration_of, encoder_driver

if TYPE_CHECKING:
    from collections.abc import Mapping

    from pydantic import SecretStr

    from controller.calibration_file import Measured
    from controller.config import Config, ObsSection, PolicySection
    from controller.config_file import Loaded
    from controller.decision.policy import Ages
    from controller.linking.edge import OtherEnd
    from controller.ports import Clock, Encoder, MetricReader, MetricSource, Studio

# Without a state_dir the timeline is in memory, of which a Pi has little.
_MOST_IN_MEMORY = 20_000_000


def controller_from(loaded: Loaded) -> Controller:
    """The controller that `loaded` describes, with its real clock, source and devices; nothing runs yet.

    Raises:
        MemoryFileError: the state directory cannot be used.
    """
    config, secrets = loaded.config, loaded.secrets
    return compose(
        config=config,
        clock=SystemClock(),
        source=prometheus_source(config),
        encoder=None
        if config.encoder is None
        else encoder_driver(config.encoder, secrets.encoder_password, loaded.measured),
        studio=None if config.obs is None else obs_studio(config.obs, secrets.obs_password),
        reader=prometheus_source(config),
        other=None if config.link is None else LinkHttp(url=config.link.url, token=secrets.link_token),
        tokens=secrets.tokens,
        measured=loaded.measured,
        addresses=secrets.addresses,
    )


def compose(  # noqa: PLR0913 - the ports of the controller, each by its name
    *,
    config: Config,
    clock: Clock,
    source: MetricSource,
    encoder: Encoder | None,
    studio: Studio | None,
    reader: MetricReader | None = None,
    other: OtherEnd | None = None,
    tokens: Mapping[str, SecretStr] | None = None,
    measured: Measured | None = None,
    addresses: Mapping[str, SecretStr] | None = None,
) -> Controller:
    """The controller of `config` over these ports.

    `tokens` are its API's, by scope; `measured` its encoder's costs; `addresses` where it publishes, by transport.
    """
    state_dir = None if config.state_dir is None else Path(config.state_dir)
    memory_file = None if state_dir is None else MemoryFile(state_dir)
    if memory_file is not None:
        memory_file.prepare()
    keeper = _keeper(config, state_dir, clock=clock)
    keeper.notes_uplinks = "link" not in (tokens or {})
    journal = Journal(tell=keeper.tell)
    driven_encoder = _driven_encoder(config, encoder, measured, clock=clock, journal=journal)
    driven_studio = _driven_studio(config, studio, clock=clock, journal=journal)
    desk = OverrideDesk(clock=clock, journal=journal, file=None if state_dir is None else BookFile(state_dir))
    policy = policy_of(config.policy)
    carrier = carrier_of(config, encoder, addresses or {}, ages=policy.ages, clock=clock, journal=journal)
    loop = Loop(
        clock=clock,
        source=source,
        policy=policy,
        period_s=config.prometheus.period_s,
        encoder=driven_encoder,
        studio=driven_studio,
        recorder=Recorder(journal=journal, drives_encoder=encoder is not None, drives_studio=studio is not None),
        journal=journal,
        self_test=SelfTest(max_age_s=config.prometheus.max_age_s),
        state=None if memory_file is None else memory_file.read(now_s=clock.wall_s()),
        override=desk.for_decision,
        carriers=(lambda *_: config.carriers) if carrier is None else carrier.look,
        looked=keeper.looked,
    )
    return Controller(
        rig=config.rig,
        clock=clock,
        loop=loop,
        source=source,
        encoder=driven_encoder,
        studio=driven_studio,
        journal=journal,
        memory_file=memory_file,
        carrier=carrier,
        desk=desk,
        alerts=AlertDesk(
            rig=config.rig,
            responses={name: Response(response) for name, response in config.alerts.respond.items()},
            for_s=config.alerts.for_s,
            desk=desk,
            clock=clock,
            journal=journal,
        ),
        keeper=keeper,
        vps=VpsEnd(keeper=keeper, desk=desk, clock=clock, expected="link" in (tokens or {})),
        other=other,
        reader=reader or _NoReader(),
        match=config.match,
        obs=config.obs,
        caps_bytes={name: plan.cap_bytes for name, plan in config.data_plans.items() if plan.cap_bytes is not None},
        access=Access(tokens or {}, open_reads=config.api.open_reads, clock=clock.monotonic_s),
    )


class _NoReader:
    """Where nothing can be looked up."""

    async def look_up(self, query: str) -> NoAnswer:  # noqa: ARG002 - whatever is asked
        """Nothing is known."""
        return NoAnswer("unknown because no Prometheus is asked")

    async def close(self) -> None:
        """Nothing to give back."""


def carrier_of(  # noqa: PLR0913 - what it drives, what it decides by and whom it tells
    config: Config,
    encoder: Encoder | None,
    addresses: Mapping[str, SecretStr],
    *,
    ages: Ages,
    clock: Clock,
    journal: Journal,
) -> Carrier | None:
    """What decides between two transports; None where there is one, or no encoder or address to send it elsewhere."""
    if config.transport != "hybrid" or not addresses or not isinstance(encoder, Redirected):
        return None
    known = {Transport(name): address for name, address in addresses.items()}
    return Carrier(encoder, known, ages=ages, clock=clock, journal=journal)


def window_query(config: Config) -> str:
    """What is asked of Prometheus at each tick."""
    standby = carrying.METRICS if config.transport == "hybrid" else ()
    named = (*metrics(config.carriers), *standby, *ledger.metrics(config.carriers))
    wanted = metrics_wanted(named, drives_encoder=config.encoder is not None)
    return raw_window(wanted, match=config.match, window_s=WINDOW_S)


def prometheus_source(config: Config) -> PrometheusSource:
    """The source that asks for this rig's window."""
    section = config.prometheus
    return PrometheusSource(url=section.url, query=window_query(config), timeout_s=section.timeout_s)


def _keeper(config: Config, state_dir: Path | None, *, clock: Clock) -> Keeper:
    most_bytes = config.timeline.max_bytes if state_dir is not None else min(config.timeline.max_bytes, _MOST_IN_MEMORY)
    return Keeper(
        store=Store(state_dir),
        clock=clock,
        billing_days={name: plan.billing_day for name, plan in config.data_plans.items()},
        bounds=Bounds(keep_s=config.timeline.keep_days * 86_400.0, most_bytes=most_bytes),
    )


def obs_studio(section: ObsSection, password: SecretStr) -> Studio:
    """The adapter of the configured OBS."""
    watched = Watched(picture=section.ingest_source, microphone=section.microphone)
    if section.library == "obs-websocket-http":
        bridge = f"http://{section.host}:{section.port}"
        return HttpStudio(base_url=bridge, key=password, watched=watched)
    adapter = SimpleStudio if section.library == "simpleobsws" else ObswsStudio
    return adapter(host=section.host, port=section.port, password=password, watched=watched)


def policy_of(section: PolicySection) -> Policy:
    """The shipped policy, with the configured presets on its rungs."""
    policy = policies.by_name(section.name)
    presets = {
        Quality(name): Preset(
            width_px=preset.width_px,
            height_px=preset.height_px,
            frame_rate_hz=preset.frame_rate_hz,
            bitrate_bps=preset.bitrate_bps,
        )
        for name, preset in section.presets.items()
    }
    rungs = tuple(replace(rung, preset=presets.get(rung.quality, rung.preset)) for rung in policy.rungs)
    return replace(policy, rungs=rungs)


def scene_names(section: ObsSection) -> dict[Scene, str]:
    """The operator's name of each of our scenes."""
    named = section.scenes
    return {
        Scene.MAIN: named.main,
        Scene.SIMPLE: named.simple,
        Scene.AUDIO_ONLY: named.audio_only,
        Scene.OFFLINE: named.offline,
    }


def _driven_encoder(
    config: Config, encoder: Encoder | None, measured: Measured | None, *, clock: Clock, journal: Journal
) -> DrivenEncoder:
    section = config.encoder
    if encoder is None or section is None:
        return DrivenEncoder(clock=clock, journal=journal)

    def tell(text: str) -> None:
        journal.noticed(at_s=clock.wall_s(), subject="encoder", text=text)

    device = EncoderDevice(encoder, calibration_of(section, measured), tell=tell, clock=clock.monotonic_s)
    # Drivers leave a lost device alone by themselves and answer at once; asking them costs nothing.
    pace = Pace(spacing_s=section.spacing_s, respect_manual_s=section.respect_manual_s, backoff_most_s=5.0)
    reconciler = Reconciler(name="encoder", device=device, pace=pace, clock=clock, journal=journal)
    return DrivenEncoder(clock=clock, journal=journal, device=device, reconciler=reconciler)


def _driven_studio(config: Config, studio: Studio | None, *, clock: Clock, journal: Journal) -> DrivenStudio:
    section = config.obs
    if studio is None or section is None:
        return DrivenStudio(clock=clock, names={})
    device = StudioDevice(
        studio,
        picture=section.ingest_source,
        now_s=clock.monotonic_s,
        tell=lambda text: journal.noticed(at_s=clock.wall_s(), subject="obs", text=text),
    )
    pace = Pace(respect_manual_s=section.respect_manual_s, backoff_first_s=0.5, backoff_most_s=2.0)
    reconciler = Reconciler(name="obs", device=device, pace=pace, clock=clock, journal=journal, read_back_is_shown=True)
    return DrivenStudio(clock=clock, names=scene_names(section), device=device, reconciler=reconciler)
