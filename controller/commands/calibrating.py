"""`vvlive doctor encoder`: look at the encoder, and with consent find out what its changes cost."""

from __future__ import annotations

import asyncio
import os
from dataclasses import asdict, dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, Protocol, runtime_checkable

import typer

from controller import calibration_file
from controller.adapters.prometheus import PrometheusSource
from controller.api.serving import ListenError, bind
from controller.calibrating.examining import Check, checks
from controller.calibrating.ingest import PrometheusIngest
from controller.calibrating.judging import costs_of, impacts_of
from controller.calibrating.transcript import transcript as transcript_of
from controller.calibrating.trying import Calibration, NotPossibleError, Timing, Trial
from controller.commands.asking import BAD_INPUT, DEFAULT_CONFIG, WRONG, AsJson, ConfigPath, fail, show_json
from controller.config_encoder import CostsSection, ImpactsSection
from controller.config_file import ConfigError, load
from controller.running import SystemClock
from controller.wiring import policy_of
from controller.wiring_encoder import driver_name, encoder_driver

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from controller.calibrating.judging import Finding
    from controller.calibrating.trying import Ingest
    from controller.config_file import Loaded
    from controller.decision.policy import Preset
    from controller.ports import Encoder, EncoderCapabilities

_QUERY_S = 2.0
# A phone or a unit that was just switched on gets so long to show itself.
_APPEARS_WITHIN_S = 10.0
_CONSENT = (
    "The stream's bitrate, size and frame rate will be changed and put back one by one, for some two minutes; "
    "viewers may see it. Go on?"
)


@runtime_checkable
class Portrayed(Protocol):
    """A driver whose unit shows settings of its own, which help others to know the firmware."""

    async def portrait(self) -> Mapping[str, str]:
        """The unit's settings by their own names; empty when it does not answer. They may hold secrets."""
        ...


@dataclass
class Examined:
    """All that was found out."""

    driver: str
    at: str
    found: EncoderCapabilities | None = None
    checks: list[Check] = field(default_factory=list)
    trials: list[Trial] = field(default_factory=list)
    portrait: Mapping[str, str] = field(default_factory=dict)
    problem: str | None = None
    restored: bool | None = None

    @property
    def findings(self) -> list[Finding]:
        """The results of the trials."""
        return [trial.finding for trial in self.trials if trial.finding is not None]

    @property
    def wrong(self) -> bool:
        """Whether something needs a person."""
        return self.problem is not None or self.restored is False or any(one.ok is False for one in self.checks)


def encoder(  # noqa: PLR0913 - a command's options
    config: ConfigPath = DEFAULT_CONFIG,
    transcript: Annotated[
        Path | None, typer.Option(help="Write what was seen, without secrets, for others to learn from.")
    ] = None,
    ingest_url: Annotated[
        str | None, typer.Option(help="The Prometheus that scrapes the ingest; without it the configured one.")
    ] = None,
    *,
    calibrate: Annotated[
        bool, typer.Option("--calibrate", help="Change settings, measure, and put them back.")
    ] = False,
    yes: Annotated[bool, typer.Option("--yes", help="Do not ask before --calibrate.")] = False,
    restart: Annotated[
        bool, typer.Option("--restart", help="With --calibrate: restart a unit that only stores changes.")
    ] = False,
    as_json: AsJson = False,
) -> None:
    """Look at the encoder without changing it; with --calibrate measure what its changes cost at the ingest.

    Ends with 0, with 1 where something is wrong, with 2 where the configuration is.
    """
    loaded = _loaded(config)
    if calibrate:
        _ready(loaded, yes=yes)
    examined = asyncio.run(_run(loaded, ingest_url=ingest_url, calibrate=calibrate, restart=restart, quiet=as_json))
    text = written(examined, loaded)
    if transcript is not None:
        _write(transcript, text)
    if calibrate and examined.findings:
        keep(examined, loaded)
    if as_json:
        show_json(shown(examined))
    else:
        _print(examined, loaded)
    if examined.wrong:
        raise typer.Exit(WRONG)


def _loaded(path: Path) -> Loaded:
    try:
        loaded = load(path, environment=os.environ)
    except ConfigError as error:
        for line in error.lines[:-1]:
            typer.echo(f"vvlive: {line}", err=True)
        fail(error.lines[-1], BAD_INPUT)
    if loaded.config.encoder is None:
        fail(f"{path}: has no section encoder; add one, or run this beside the encoder", BAD_INPUT)
    return loaded


def _ready(loaded: Loaded, *, yes: bool) -> None:
    """End here where a calibration could not be kept, would fight with the controller, or is not wanted."""
    section = loaded.config.encoder
    if section is None or section.calibration_file is None:
        fail("encoder.calibration_file: missing; write where to keep what is measured", BAD_INPUT)
    try:
        bind(*loaded.config.api.address).close()
    except ListenError:
        fail("the controller is running, and would undo each change; stop it, and start it again afterwards", WRONG)
    if not yes and not typer.confirm(_CONSENT):
        raise typer.Exit(WRONG)


async def _run(loaded: Loaded, *, ingest_url: str | None, calibrate: bool, restart: bool, quiet: bool) -> Examined:
    section = loaded.config.encoder
    assert section is not None  # noqa: S101 - `_loaded` saw to it
    url = ingest_url or loaded.config.prometheus.url
    reader = PrometheusSource(url=url, query="", timeout_s=_QUERY_S)
    device = encoder_driver(section, loaded.secrets.encoder_password, loaded.measured)
    policy = policy_of(loaded.config.policy)
    try:
        return await examine(
            device,
            PrometheusIngest(reader, match=loaded.config.match),
            examined=Examined(driver_name(section), datetime.now(UTC).isoformat(timespec="seconds")),
            ladder=[rung.preset for rung in policy.rungs],
            calibrate=calibrate,
            restart=restart,
            tell=(lambda _: None) if quiet else typer.echo,
        )
    finally:
        await device.close()
        await reader.close()


async def examine(  # noqa: PLR0913 - the devices, the ladder, and what is permitted
    device: Encoder,
    ingest: Ingest,
    *,
    examined: Examined,
    ladder: Sequence[Preset],
    calibrate: bool,
    restart: bool,
    tell: Any = typer.echo,  # noqa: ANN401 - typer.echo has more parameters than are used
    timing: Timing = Timing(),  # noqa: B008 - frozen
) -> Examined:
    """Look at `device` and, where permitted, try its changes; `examined` is filled and returned."""
    status = await device.read()
    until_s = SystemClock().monotonic_s() + _APPEARS_WITHIN_S
    while not status.reachable and calibrate and SystemClock().monotonic_s() < until_s:
        await asyncio.sleep(1.0)
        status = await device.read()
    examined.found = await device.probe() if status.reachable else None
    examined.portrait = await device.portrait() if isinstance(device, Portrayed) and status.reachable else {}
    examined.checks = list(checks(status, examined.found, ladder=ladder, looks=await ingest.look()))
    if not calibrate:
        return examined
    calibration = Calibration(
        encoder=device, ingest=ingest, clock=SystemClock(), tell=tell, timing=timing, may_restart=restart
    )
    try:
        await calibration.run()
    except NotPossibleError as error:
        examined.problem = str(error)
    examined.trials, examined.restored = calibration.trials, calibration.restored
    return examined


def written(examined: Examined, loaded: Loaded) -> str:
    """The transcript's text."""
    secrets = [loaded.secrets.encoder_password, loaded.secrets.obs_password, loaded.secrets.link_token]
    values = [one.get_secret_value() for one in (*secrets, *loaded.secrets.tokens.values())]
    return transcript_of(
        driver=examined.driver,
        at=examined.at,
        found=examined.found,
        checks=examined.checks,
        trials=examined.trials,
        portrait=examined.portrait,
        # What the unit calls private is private wherever it stands.
        secrets=[*values, *(value for name, value in examined.portrait.items() if "ur" in name and "/" in value)],
    )


def _write(path: Path, text: str) -> None:
    try:
        path.write_text(text, encoding="utf-8")
    except OSError as error:
        fail(f"{path} cannot be written ({error.strerror}); give another path with --transcript", BAD_INPUT)


def keep(examined: Examined, loaded: Loaded) -> None:
    """Write what was measured to the section's calibration file; ends the program where that cannot be done."""
    section = loaded.config.encoder
    if section is None or section.calibration_file is None or examined.found is None:
        return
    bitrate, geometry = impacts_of(examined.findings)
    bitrate_s, geometry_s = costs_of(examined.findings)
    measured = calibration_file.Measured(
        driver=examined.driver,
        unit=examined.found.identity,
        measured_at=examined.at,
        impacts=ImpactsSection.model_validate(
            {"bitrate": bitrate.name.lower(), "geometry": geometry.name.lower(), "audio_only": "unknown"}
        ),
        costs_s=CostsSection(bitrate=bitrate_s, geometry=geometry_s),
    )
    try:
        calibration_file.write(Path(section.calibration_file), measured)
    except OSError as error:
        fail(f"{section.calibration_file} cannot be written ({error.strerror}); run this as its owner", WRONG)


def shown(examined: Examined) -> dict[str, Any]:
    """All of it as JSON, without the samples."""
    return {
        "driver": examined.driver,
        "unit": None if examined.found is None else examined.found.identity,
        "checks": [asdict(check) for check in examined.checks],
        "findings": [{**asdict(one), "impact": one.impact.name.lower()} for one in examined.findings],
        "problem": examined.problem,
        "restored": examined.restored,
    }


def _print(examined: Examined, loaded: Loaded) -> None:
    marks = {True: "ok ", False: "BAD", None: "?  "}
    for check in examined.checks:
        typer.echo(f"{marks[check.ok]} {check.text}")
    if examined.problem is not None:
        typer.echo(f"BAD not calibrated: {examined.problem}")
    if examined.restored is False:
        typer.echo("BAD its settings could not be put back: do it on its own page")
    section = loaded.config.encoder
    if examined.findings and section is not None:
        bitrate, geometry = impacts_of(examined.findings)
        typer.echo(f"bitrate: {bitrate.name.lower()}, geometry: {geometry.name.lower()}; in {section.calibration_file}")
