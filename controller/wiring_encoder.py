"""From the encoder's section and its calibration to a driver and the bounds of automation."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from controller.actuation.devices import Calibration
from controller.adapters.belacoder import BelacoderEncoder
from controller.adapters.exec_hook import exec_encoder
from controller.adapters.json_verbs import Deadlines, Range
from controller.adapters.local_socket import gst_encoder, obs_encoder
from controller.adapters.moblin import MoblinEncoder
from controller.adapters.uray import UrayEncoder
from controller.config_encoder import (
    BelacoderSection,
    ExecSection,
    GstSection,
    MoblinSection,
    ObsEncoderSection,
    PictureSection,
    UraySection,
)
from controller.decision.model import EncoderTraits
from controller.ports import Impact, Impacts

if TYPE_CHECKING:
    from pydantic import SecretStr

    from controller.calibration_file import Measured
    from controller.config_encoder import EncoderSettings, ImpactName
    from controller.ports import Encoder

# Seconds without picture that an impact usually means, where the unit's own were not measured.
_USUAL_COST_S = {Impact.NONE: 0.0, Impact.GLITCH: 0.5, Impact.RECONNECT: 3.0, Impact.REBOOT: 60.0}
_PLACES = ("url", "bitrate_file", "socket", "listen", "command")
# What is known of an encoder whichever unit it is: programs that were measured, not boxes that were read about.
_KNOWN = {
    "belacoder": Impacts(bitrate=Impact.NONE),
    "gst": Impacts(bitrate=Impact.NONE, geometry=Impact.GLITCH),
    "obs": Impacts(bitrate=Impact.NONE),
}


def encoder_driver(section: EncoderSettings, password: SecretStr, measured: Measured | None = None) -> Encoder:
    """The driver that `section` names.

    Raises:
        ValueError: naming what of the section cannot be used.
    """
    impacts = impacts_of(section, measured)
    match section:
        case UraySection():
            return UrayEncoder(
                base_url=section.url,
                username=section.username,
                password=password,
                output=section.output,
                impacts=impacts,
            )
        case BelacoderSection():
            return BelacoderEncoder(
                bitrate_file=Path(section.bitrate_file), geometry=_geometry(section.picture), program=section.program
            )
        case ExecSection():
            return exec_encoder(
                section.command,
                impacts=impacts,
                bitrates=_bitrates(section, section.step_bps),
                deadlines=Deadlines(section.read_timeout_s, section.order_timeout_s),
            )
        case GstSection():
            return gst_encoder(Path(section.socket), impacts=impacts, bitrates=_bitrates(section))
        case ObsEncoderSection():
            return obs_encoder(Path(section.socket), impacts=impacts, bitrates=_bitrates(section))
        case MoblinSection():
            host, _, port = section.listen.rpartition(":")
            return MoblinEncoder(
                host=host.strip("[]"),
                port=int(port),
                password=password,
                geometry=_geometry(section.picture),
                impacts=impacts,
            )
        case _:
            raise ValueError(f"no driver for {type(section).__name__}")


def described(section: EncoderSettings, measured: Measured | None) -> str:
    """Driver, place and what changes cost, in one line."""
    place = next(getattr(section, name) for name in _PLACES if hasattr(section, name))
    impacts = impacts_of(section, measured)
    costs = f"bitrate {impacts.bitrate.name.lower()}, geometry {impacts.geometry.name.lower()}"
    since = f", calibrated {measured.measured_at}" if measured else ""
    shown = place[0] if isinstance(place, list) else place  # a program's arguments may hold a secret
    return f"encoder {driver_name(section)} at {shown}; a change costs: {costs}{since}"


def _bitrates(section: EncoderSettings, step_bps: int = 1_000) -> Range:
    return Range(section.min_bitrate_bps, section.max_bitrate_bps, step_bps)


def _geometry(picture: PictureSection) -> tuple[int, int, int]:
    return picture.width_px, picture.height_px, picture.frame_rate_hz


def impacts_of(section: EncoderSettings, measured: Measured | None = None) -> Impacts:
    """What changes cost: as configured, else as measured on this unit, else as known of the driver."""
    known = _KNOWN.get(driver_name(section), Impacts())
    return Impacts(
        bitrate=_impact(section, measured, "bitrate", known.bitrate),
        geometry=_impact(section, measured, "geometry", known.geometry),
        audio_only=_impact(section, measured, "audio_only", known.audio_only),
    )


def _impact(section: EncoderSettings, measured: Measured | None, field: str, known: Impact) -> Impact:
    configured: ImpactName | None = getattr(section.impacts, field)
    found: ImpactName | None = None if measured is None else getattr(measured.impacts, field)
    named = configured or found
    return known if named is None else Impact[named.upper()]


def driver_name(section: EncoderSettings) -> str:
    """The name of the section's driver."""
    return str(getattr(section, "driver", ""))


def calibration_of(section: EncoderSettings, measured: Measured | None = None) -> Calibration:
    """The bounds of automation on this unit; what is not calibrated has no cost, and is never used."""
    impacts = impacts_of(section, measured)
    traits = EncoderTraits(
        bitrate_cost_s=_cost_s(impacts.bitrate, _seconds(section, measured, "bitrate")),
        geometry_cost_s=_cost_s(impacts.geometry, _seconds(section, measured, "geometry")),
        audio_only_cost_s=_cost_s(impacts.audio_only, None),
        min_bitrate_bps=section.min_bitrate_bps,
        max_bitrate_bps=section.max_bitrate_bps,
    )
    return Calibration(
        impacts=impacts,
        max_impact=Impact[section.max_impact.upper()],
        traits=traits,
        unit=None if measured is None else measured.unit,
        most_changes_per_hour=section.most_changes_per_hour,
        republish_after_s=section.republish_after_s,
    )


def _seconds(section: EncoderSettings, measured: Measured | None, field: str) -> float | None:
    configured: float | None = getattr(section.costs_s, field)
    if configured is not None or getattr(section.impacts, field) is not None or measured is None:
        return configured
    found: float | None = getattr(measured.costs_s, field)
    return found


def _cost_s(impact: Impact, measured_s: float | None) -> float | None:
    if impact is Impact.UNKNOWN:
        return None
    return _USUAL_COST_S[impact] if measured_s is None else measured_s
