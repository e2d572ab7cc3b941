"""The controller's configuration: typed, frozen, strict; what it may say and what it must.

`config_file` reads it. Secrets are not in it: only where they are kept. Units stand in the key names.
What keys must not say together stands in `config_checks`.
Each field's description completes the sentence "write ..." of the error that names the field.
"""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import AfterValidator, Field

from controller.config_encoder import EncoderSection
from controller.config_parts import HttpUrl, Name, SecretPlace, Section, Text, listening
from controller.decision.model import Transport

QualityName = Literal["HIGH", "MEDIUM", "LOW", "VERY_LOW", "ERROR"]


class PrometheusSection(Section):
    """Where the samples come from: the Prometheus beside this controller."""

    url: HttpUrl = Field(
        default="http://127.0.0.1:9090", description="the address of Prometheus, like http://127.0.0.1:9090"
    )
    period_s: float = Field(default=1.0, ge=0.1, le=60, description="the seconds between two decisions, 0.1 to 60")
    timeout_s: float = Field(default=0.8, ge=0.05, le=30, description="the seconds that one query may take, 0.05 to 30")
    max_age_s: float = Field(
        default=2.5, gt=0, le=60, description="the age in seconds that data may have when automation is armed, up to 60"
    )
    match: dict[Name, Text] | None = Field(
        default=None,
        description='the labels that pick this rig\'s series, like {rig: my-rig}; without it {rig: <the key "rig">}',
    )


class PresetSection(Section):
    """One rung of the ladder."""

    bitrate_bps: int = Field(ge=32_000, le=100_000_000, description="the bitrate in bit/s, like 2500000")
    width_px: int = Field(ge=16, le=7680, description="the width in pixels, like 1280")
    height_px: int = Field(ge=16, le=4320, description="the height in pixels, like 720")
    frame_rate_hz: int = Field(ge=1, le=240, description="the frames per second, like 30")


class PolicySection(Section):
    """Which policy decides, and the rungs where they differ from the policy's own."""

    name: Literal["locked", "adaptive"] = Field(default="adaptive", description="the policy: locked or adaptive")
    presets: dict[QualityName, PresetSection] = Field(
        default_factory=dict, description="rungs by state, like {HIGH: {bitrate_bps: 4000000, ...}}"
    )


class ScenesSection(Section):
    """The operator's scene for each of ours."""

    main: Text = Field(default="Main Camera", description="the name of the normal scene in OBS")
    simple: Text = Field(default="Emergency - Simple", description="the name of the minimal scene in OBS")
    audio_only: Text = Field(default="Audio Only", description="the name of the still picture with sound in OBS")
    offline: Text = Field(default="Stream Offline", description="the name of the scene without a stream in OBS")


class ObsSection(SecretPlace):
    """The OBS beside this controller."""

    host: Text = Field(default="127.0.0.1", description="the address of OBS, like 127.0.0.1")
    port: int = Field(default=4455, ge=1, le=65535, description="the port of obs-websocket, like 4455")
    library: Literal["obsws-python", "simpleobsws", "obs-websocket-http"] = Field(
        default="obsws-python", description="what speaks with OBS: obsws-python, simpleobsws or obs-websocket-http"
    )
    ingest_source: Text | None = Field(default=None, description="the name of the ingest's source in OBS")
    microphone: Text | None = Field(
        default=None, description="the name in OBS of the input whose sound counts, where it is not the ingest's"
    )
    scenes: ScenesSection = Field(default=ScenesSection(), description="a section, like {main: Main Camera}")
    respect_manual_s: float = Field(
        default=300.0, ge=0, le=86_400, description="the seconds to respect a scene set by hand, 0 for none"
    )


class TimelineSection(Section):
    """How much of what happened is kept in state_dir."""

    keep_days: float = Field(default=90.0, gt=0, le=3_660, description="the days that events are kept, up to 3660")
    max_bytes: int = Field(
        default=200_000_000, ge=1_000_000, le=100_000_000_000, description="the bytes that the file may have"
    )


class DataPlanSection(Section):
    """What an uplink's contract says."""

    billing_day: int = Field(default=1, ge=1, le=28, description="the day on which its month begins, 1 to 28")
    cap_bytes: int | None = Field(
        default=None, ge=1, le=10**15, description="the bytes that the contract includes per month, like 100000000000"
    )


class AlertsSection(Section):
    """What the controller does when Alertmanager tells it of an alert; others are passed over."""

    respond: dict[Text, Literal["emergency", "hold", "notice"]] = Field(
        default_factory=dict, description="responses by alert name, like {IngestGone: emergency}"
    )
    for_s: float = Field(
        default=600.0, ge=1, le=14_400, description="the seconds that an alert's override may last, 1 to 14400"
    )


class TokenPlace(Section):
    """Where one token is kept: a file or an environment variable, never this file."""

    token_file: Text | None = Field(default=None, description="the path of a file that holds the token")
    token_env: Text | None = Field(default=None, description="the name of a variable that holds the token")


class TokensSection(Section):
    """Who may do what: a token each; without one, nobody may."""

    read: TokenPlace = Field(default=TokenPlace(), description="a section, like {token_file: /etc/vvlive/read-token}")
    control: TokenPlace = Field(
        default=TokenPlace(), description="a section, like {token_file: /etc/vvlive/control-token}"
    )
    alert: TokenPlace = Field(default=TokenPlace(), description="a section, like {token_file: /etc/vvlive/alert-token}")
    link: TokenPlace = Field(default=TokenPlace(), description="a section, like {token_file: /etc/vvlive/link-token}")


class LinkSection(TokenPlace):
    """The VPS's controller, to which the rig's connects."""

    url: HttpUrl = Field(description="the address of the VPS's controller, like http://127.0.0.1:8446")


class AddressPlace(Section):
    """Where one publish address is kept, which may hold a key: a file or an environment variable."""

    address_file: Text | None = Field(default=None, description="the path of a file that holds the address")
    address_env: Text | None = Field(default=None, description="the name of a variable that holds the address")


class PublishSection(Section):
    """Where the encoder publishes so that each transport carries: with `transport: hybrid`."""

    mptcp: AddressPlace = Field(default=AddressPlace(), description="a section, like {address_file: /etc/vvlive/rtmp}")
    srtla: AddressPlace = Field(default=AddressPlace(), description="a section, like {address_file: /etc/vvlive/srt}")


class ApiSection(Section):
    """The HTTP face."""

    listen: Annotated[str, AfterValidator(listening)] = Field(
        default="127.0.0.1:8000", description="the address and port to listen on, like 127.0.0.1:8000"
    )
    open_reads: bool = Field(
        default=True, description="true or false: whether programs on this machine may read without a token"
    )
    tokens: TokensSection = Field(default=TokensSection(), description="a section, like {control: {token_env: X}}")

    @property
    def address(self) -> tuple[str, int]:
        """Host and port."""
        host, _, port = self.listen.rpartition(":")
        return host.strip("[]"), int(port)


class Config(Section):
    """The whole configuration of one controller."""

    rig: Name = Field(description="the rig's name, as in the label rig of its series, like my-rig")
    log_level: Literal["debug", "info", "warning", "error"] = Field(
        default="info", description="the log level: debug, info, warning or error"
    )
    state_dir: Text | None = Field(default=None, description="the path of a directory for what outlives a restart")
    transport: Literal["mptcp", "srtla", "hybrid"] = Field(
        default="mptcp", description="what bonds the uplinks: mptcp, srtla or hybrid"
    )
    environment: bool = Field(
        default=False, description="true or false: whether the variables of .env.example complete this file"
    )
    prometheus: PrometheusSection = Field(
        default=PrometheusSection(), description="a section, like {url: http://127.0.0.1:9090}"
    )
    policy: PolicySection = Field(default=PolicySection(), description="a section, like {name: adaptive}")
    encoder: EncoderSection | None = Field(
        default=None, description="a section, like {driver: uray, url: http://192.168.1.168}"
    )
    publish: PublishSection = Field(
        default=PublishSection(), description="a section, like {mptcp: {address_file: /etc/vvlive/rtmp}}"
    )
    obs: ObsSection | None = Field(default=None, description="a section, like {host: 127.0.0.1, port: 4455}")
    timeline: TimelineSection = Field(default=TimelineSection(), description="a section, like {keep_days: 90}")
    data_plans: dict[Name, DataPlanSection] = Field(
        default_factory=dict, description="contracts by uplink, like {modem-a: {cap_bytes: 100000000000}}"
    )
    alerts: AlertsSection = Field(
        default=AlertsSection(), description="a section, like {respond: {IngestGone: emergency}}"
    )
    link: LinkSection | None = Field(
        default=None, description="a section, like {url: http://127.0.0.1:8446, token_file: /etc/vvlive/link-token}"
    )
    api: ApiSection = Field(default=ApiSection(), description="a section, like {listen: 127.0.0.1:8000}")

    @property
    def carriers(self) -> tuple[Transport, ...]:
        """The transports that may carry the stream."""
        return tuple(Transport) if self.transport == "hybrid" else (Transport(self.transport),)

    @property
    def match(self) -> dict[str, str]:
        """The labels that pick this rig's series."""
        return {"rig": self.rig} if self.prometheus.match is None else dict(self.prometheus.match)
