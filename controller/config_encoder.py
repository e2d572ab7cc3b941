"""The encoder's section of the configuration: one for each driver, told apart by `driver`.

What every driver has stands in `EncoderSettings`; a driver's own keys in its section. A calibrated unit's
impacts come from `calibration_file`; what is written in `impacts` and `costs_s` goes before that.
"""

from __future__ import annotations

from typing import Annotated, Any, Literal

from pydantic import AfterValidator, Discriminator, Field, Tag

from controller.config_parts import FilePath, HttpUrl, SecretPlace, Section, Text, listening

ImpactName = Literal["none", "glitch", "reconnect", "reboot", "unknown"]
_IMPACT = "none, glitch, reconnect, reboot or unknown"
_MOST_CHANGES = "how many changes an hour may see, at least 10; falls may use all"
USUAL_DRIVER = "uray"


def _program(command: list[str]) -> list[str]:
    if not command[0].startswith("/"):
        raise ValueError("does not begin with an absolute path")
    return command


class ImpactsSection(Section):
    """What a change of each field costs viewers on this unit; `unknown` is never used, null says nothing here."""

    bitrate: ImpactName | None = Field(default=None, description=_IMPACT)
    geometry: ImpactName | None = Field(default=None, description=_IMPACT)
    audio_only: ImpactName | None = Field(default=None, description=_IMPACT)


class CostsSection(Section):
    """Seconds without picture that a change was measured to cost; without a value, the impact's usual one."""

    bitrate: float | None = Field(default=None, ge=0, le=600, description="seconds without picture, 0 to 600")
    geometry: float | None = Field(default=None, ge=0, le=600, description="seconds without picture, 0 to 600")


class PictureSection(Section):
    """The picture of an encoder whose size and frame rate cannot be changed while it runs."""

    width_px: int = Field(default=1280, ge=16, le=7680, description="the width in pixels, like 1280")
    height_px: int = Field(default=720, ge=16, le=4320, description="the height in pixels, like 720")
    frame_rate_hz: int = Field(default=30, ge=1, le=240, description="the frames per second, like 30")


class EncoderSettings(Section):
    """What automation may do with an encoder, whatever drives it."""

    impacts: ImpactsSection = Field(default=ImpactsSection(), description="a section of impacts, like {bitrate: none}")
    costs_s: CostsSection = Field(default=CostsSection(), description="a section of seconds, like {geometry: 2.0}")
    calibration_file: FilePath | None = Field(
        default=None, description="the absolute path where `vvlive doctor encoder` keeps what it measured of this unit"
    )
    max_impact: Literal["none", "glitch", "reconnect", "reboot"] = Field(
        default="glitch", description="the greatest impact that automation may cause: none, glitch, reconnect or reboot"
    )
    min_bitrate_bps: int = Field(default=300_000, ge=32_000, le=32_000_000, description="the lowest bit/s")
    max_bitrate_bps: int = Field(default=32_000_000, ge=32_000, le=32_000_000, description="the highest bit/s")
    spacing_s: float = Field(
        default=1.0, ge=0, le=600, description="the least seconds between a change and a rise, 0 to 600"
    )
    most_changes_per_hour: int | None = Field(default=None, ge=10, le=100_000, description=_MOST_CHANGES)
    republish_after_s: float = Field(
        default=60.0, ge=0, le=3_600, description="the seconds without a push before it is switched off and on, 0 never"
    )
    respect_manual_s: float = Field(
        default=300.0, ge=0, le=86_400, description="the seconds to respect a change by hand, 0 for none"
    )


class UraySection(EncoderSettings, SecretPlace):
    """A unit of New Orange's platform (URay and its other names), over HTTP."""

    driver: Literal["uray"] = Field(default="uray", description="the driver")
    url: HttpUrl = Field(description="the encoder's address, like http://192.168.1.168")
    username: Text = Field(default="admin", description="the user name of the encoder's web page, like admin")
    output: int = Field(default=0, ge=0, le=3, description="the encoder's output: 0 main stream, 1 to 3 sub streams")
    # It writes each change to its flash. A rough drive was seen to bring 13 a minute; this lasts for most of the hour.
    most_changes_per_hour: int | None = Field(default=600, ge=10, le=100_000, description=_MOST_CHANGES)


class BelacoderSection(EncoderSettings):
    """The belacoder on this machine, through its bitrate file."""

    driver: Literal["belacoder"] = Field(description="the driver")
    bitrate_file: FilePath = Field(description="the absolute path that belacoder was started with after -b")
    program: Text = Field(default="belacoder", description="the name of the program, like belacoder")
    picture: PictureSection = Field(
        default=PictureSection(), description="the size of its pipeline, like {width_px: 1280, height_px: 720}"
    )


class ExecSection(EncoderSettings):
    """The user's own program."""

    driver: Literal["exec"] = Field(description="the driver")
    command: Annotated[list[Text], Field(min_length=1, max_length=32), AfterValidator(_program)] = Field(
        description="the program's absolute path and its arguments, like [/usr/local/bin/my-encoder, --box, roof]"
    )
    step_bps: int = Field(default=1_000, ge=1, le=1_000_000, description="the bitrate's steps in bit/s, like 1000")
    read_timeout_s: float = Field(default=3.0, ge=0.1, le=8, description="the seconds for a question, 0.1 to 8")
    order_timeout_s: float = Field(default=5.0, ge=0.1, le=8, description="the seconds for an order, 0.1 to 8")


class GstSection(EncoderSettings):
    """VVLIVE's own encoder, `deploy/encoder`, over its socket."""

    driver: Literal["gst"] = Field(description="the driver")
    socket: FilePath = Field(default="/run/vvlive-encoder/control", description="the absolute path of its socket")


class ObsEncoderSection(EncoderSettings):
    """The encoder inside OBS, through the script `deploy/obs/vvlive_encoder.py`."""

    driver: Literal["obs"] = Field(description="the driver")
    socket: FilePath = Field(
        default="/run/user/1000/vvlive-obs-encoder", description="the absolute path that the script in OBS shows"
    )


class MoblinSection(EncoderSettings, SecretPlace):
    """The phone app Moblin, which connects to us as its remote control assistant."""

    driver: Literal["moblin"] = Field(description="the driver")
    listen: Annotated[str, AfterValidator(listening)] = Field(
        default="0.0.0.0:2345",
        description="the address and port that the phone connects to, like 0.0.0.0:2345",
    )
    picture: PictureSection = Field(
        default=PictureSection(), description="the size of the phone's stream, like {width_px: 1280, height_px: 720}"
    )


_DRIVERS: tuple[type[EncoderSettings], ...] = (
    UraySection,
    BelacoderSection,
    ExecSection,
    GstSection,
    ObsEncoderSection,
    MoblinSection,
)
SECTIONS: dict[str, type[EncoderSettings]] = {
    str(section.model_fields["driver"].annotation.__args__[0]): section  # type: ignore[union-attr] # a Literal has them
    for section in _DRIVERS
}
WITH_PASSWORD = frozenset(name for name, section in SECTIONS.items() if issubclass(section, SecretPlace))


def driver_of(section: Any) -> str | None:  # noqa: ANN401 - whatever YAML can hold
    """The driver that an unchecked section names, the usual one where it names none; None where it is no name."""
    named = section.get("driver", USUAL_DRIVER) if isinstance(section, dict) else getattr(section, "driver", "")
    if not isinstance(section, dict | EncoderSettings):
        return USUAL_DRIVER  # whose section then says that this is none
    return named if isinstance(named, str) else None


EncoderSection = Annotated[
    Annotated[UraySection, Tag("uray")]
    | Annotated[BelacoderSection, Tag("belacoder")]
    | Annotated[ExecSection, Tag("exec")]
    | Annotated[GstSection, Tag("gst")]
    | Annotated[ObsEncoderSection, Tag("obs")]
    | Annotated[MoblinSection, Tag("moblin")],
    Discriminator(driver_of),
]
