"""The composition: what a configuration makes of policy, calibration, scenes and query."""

from __future__ import annotations

import asyncio
from dataclasses import replace
from typing import TYPE_CHECKING

import pytest
from pydantic import SecretStr

from controller.adapters.obs_http import HttpStudio
from controller.adapters.obs_obsws import ObswsStudio
from controller.adapters.obs_simple import SimpleStudio
from controller.adapters.uray import UrayEncoder
from controller.config import Config, ObsSection, PolicySection
from controller.config_encoder import UraySection
from controller.decision import policies
from controller.decision.memory import State
from controller.decision.model import EncoderTraits, Quality, Scene
from controller.decision.policy import Ages, Preset
from controller.journal import Journal
from controller.memory_file import MemoryFile
from controller.ports import Impact, MediaState, NoAnswer
from controller.wiring import carrier_of, compose, obs_studio, policy_of, scene_names, window_query
from controller.wiring_encoder import calibration_of
from tests.fakes.devices import FakeEncoder, FakeSource, FakeStudio
from tests.fakes.virtual_time import VirtualClock, virtually

if TYPE_CHECKING:
    from pathlib import Path


def encoder_section(**changed: object) -> UraySection:
    """An encoder's section."""
    return UraySection.model_validate({"url": "http://192.0.2.1", "password_env": "X", **changed})


@pytest.mark.parametrize("name", ["locked", "adaptive"])
def test_without_presets_the_policy_is_the_shipped_one(name: str) -> None:
    """A configuration that changes nothing changes nothing."""
    assert policy_of(PolicySection.model_validate({"name": name})) == policies.by_name(name)


def test_a_preset_replaces_that_of_its_rung_only() -> None:
    """Thresholds and the other rungs stay."""
    preset = {"bitrate_bps": 4_000_000, "width_px": 1280, "height_px": 720, "frame_rate_hz": 30}
    policy = policy_of(PolicySection.model_validate({"name": "locked", "presets": {"HIGH": preset}}))

    assert policy.rung(Quality.HIGH).preset == Preset(1280, 720, 30, 4_000_000)
    assert policy.rung(Quality.HIGH).floor == policies.LOCKED.rung(Quality.HIGH).floor
    assert policy.rungs[:-1] == policies.LOCKED.rungs[:-1]


@pytest.mark.parametrize(
    ("impacts", "costs_s", "expected"),
    [
        ({}, {}, (None, None, None)),
        ({"bitrate": "none"}, {}, (0.0, None, None)),
        ({"bitrate": "none", "geometry": "glitch", "audio_only": "reconnect"}, {}, (0.0, 0.5, 3.0)),
        ({"bitrate": "reconnect", "geometry": "reboot"}, {"bitrate": 2.0, "geometry": 45.0}, (2.0, 45.0, None)),
        ({"bitrate": "unknown"}, {"bitrate": 0.0}, (None, None, None)),
    ],
)
def test_a_calibration_gives_each_change_its_cost(
    impacts: dict[str, str], costs_s: dict[str, float], expected: tuple[float | None, float | None, float | None]
) -> None:
    """A measured cost goes before the usual one of the impact; what is not calibrated has none, whatever is written."""
    traits = calibration_of(encoder_section(impacts=impacts, costs_s=costs_s)).traits

    assert (traits.bitrate_cost_s, traits.geometry_cost_s, traits.audio_only_cost_s) == expected


def test_limits_and_permitted_impact_come_from_the_section() -> None:
    """The range of the bitrate and the greatest impact are the operator's."""
    found = calibration_of(encoder_section(min_bitrate_bps=500_000, max_bitrate_bps=6_000_000, max_impact="reconnect"))

    assert found.max_impact is Impact.RECONNECT
    assert (found.traits.min_bitrate_bps, found.traits.max_bitrate_bps) == (500_000, 6_000_000)


def test_a_unit_as_shipped_is_not_driven_at_all() -> None:
    """Without calibration no change has a cost, so none is ever used."""
    traits = calibration_of(encoder_section()).traits

    assert traits == EncoderTraits(bitrate_cost_s=None, geometry_cost_s=None, audio_only_cost_s=None)


def test_scenes_have_the_operators_names() -> None:
    """Each of our scenes has the name that it has in OBS."""
    section = ObsSection.model_validate({"scenes": {"main": "Cam 1"}})

    assert scene_names(section) == {
        Scene.MAIN: "Cam 1",
        Scene.SIMPLE: "Emergency - Simple",
        Scene.AUDIO_ONLY: "Audio Only",
        Scene.OFFLINE: "Stream Offline",
    }


@virtually
async def test_at_its_end_the_controller_gives_every_connection_back() -> None:
    """Source, encoder and OBS are closed when the controller ends."""
    encoder, studio = FakeEncoder(), FakeStudio()
    source = FakeSource(answer=NoAnswer("unknown because the test says so"))
    document = {"rig": "r1", "encoder": {"url": "http://192.0.2.1", "password_env": "X"}, "obs": {}}
    controller = compose(
        config=Config.model_validate(document), clock=VirtualClock(), source=source, encoder=encoder, studio=studio
    )
    driving = asyncio.create_task(controller.drive())
    await asyncio.sleep(3.0)
    driving.cancel()
    await asyncio.gather(driving, return_exceptions=True)

    assert (encoder.closed, studio.closed, source.closed) == (True, True, True)


@virtually
async def test_the_state_outlives_a_restart(tmp_path: Path) -> None:
    """A controller begins in the state that the one before it wrote, and writes its own."""
    clock = VirtualClock()
    memory_file = MemoryFile(tmp_path)
    low = replace(State.initial(policies.ADAPTIVE), quality=Quality.LOW, base=Quality.LOW, at_s=clock.wall_s())
    memory_file.write(low)
    document = {"rig": "r1", "encoder": {"url": "http://192.0.2.1", "password_env": "X"}, "state_dir": str(tmp_path)}
    controller = compose(
        config=Config.model_validate(document),
        clock=clock,
        source=FakeSource(answer=NoAnswer("unknown because the test says so")),
        encoder=FakeEncoder(),
        studio=None,
    )
    driving = asyncio.create_task(controller.drive())
    await asyncio.sleep(1.5)
    decided = controller.status().decided
    await asyncio.sleep(3_600.0)
    # The file is written by a thread, which virtual time does not wait for.
    for _ in range(1_000):
        if (written := memory_file.read(now_s=clock.wall_s())) is not None:
            break
        await asyncio.sleep(0.01)
    driving.cancel()
    await asyncio.gather(driving, return_exceptions=True)

    assert decided is not None
    assert decided.quality is Quality.LOW
    assert written is not None
    assert written.base is controller.status().decided.quality  # type: ignore[union-attr] # it has decided for an hour


@virtually
async def test_the_configured_source_is_looked_at() -> None:
    """The name under `obs.ingest_source` is the one whose picture is asked for when its clock stands."""
    studio = FakeStudio(media_state=MediaState.PLAYING, media_cursor_s=5.0)
    controller = compose(
        config=Config.model_validate({"rig": "r1", "obs": {"ingest_source": "Camera"}}),
        clock=VirtualClock(),
        source=FakeSource(answer=NoAnswer("unknown because the test says so")),
        encoder=None,
        studio=studio,
    )
    driving = asyncio.create_task(controller.drive())
    await asyncio.sleep(5.0)
    driving.cancel()
    await asyncio.gather(driving, return_exceptions=True)
    looked_at = [data["sourceName"] for request, data in studio.asked if request == "GetSourceScreenshot"]

    assert looked_at == ["Camera"]
    assert any("picture stands still" in event.text for event in controller.journal.events())


@pytest.mark.parametrize(
    ("library", "adapter"),
    [("obsws-python", ObswsStudio), ("simpleobsws", SimpleStudio), ("obs-websocket-http", HttpStudio)],
)
def test_the_library_is_the_configured_one(library: str, adapter: type) -> None:
    """Each name gives its adapter, and only that."""
    section = ObsSection.model_validate({"library": library})

    assert type(obs_studio(section, SecretStr(""))) is adapter


@pytest.mark.parametrize(
    ("transport", "asks_mptcp", "asks_srtla"), [("mptcp", True, False), ("srtla", False, True), ("hybrid", True, True)]
)
def test_asks_for_the_transport_that_bonds(transport: str, *, asks_mptcp: bool, asks_srtla: bool) -> None:
    """Prometheus is asked for what the configured transports publish, the bytes of the data plan included."""
    query = window_query(Config.model_validate({"rig": "r1", "obs": {}, "transport": transport}))

    assert [f"{one}_connection_backlog_bytes" in query for one in ("mptcp", "srtla")] == [asks_mptcp, asks_srtla]
    assert [f"{one}_uplink_receive_bytes_total" in query for one in ("mptcp", "srtla")] == [asks_mptcp, asks_srtla]


@pytest.mark.parametrize(
    ("transport", "addresses", "switches"),
    [("hybrid", True, True), ("hybrid", False, False), ("mptcp", True, False), ("srtla", True, False)],
)
def test_switches_between_two_addresses(transport: str, *, addresses: bool, switches: bool) -> None:
    """Where two transports are configured, each with an address, the encoder is sent from one to the other."""
    encoder = {"url": "http://192.168.1.168", "password_env": "X"}
    config = Config.model_validate({"rig": "r1", "encoder": encoder, "transport": transport})
    given = {name: SecretStr(f"rtmp://{name}") for name in ("mptcp", "srtla")} if addresses else {}
    driver = UrayEncoder(base_url="http://192.168.1.168", username="admin", password=SecretStr("x"))
    made = carrier_of(config, driver, given, ages=Ages(), clock=VirtualClock(), journal=Journal())

    assert (made is not None) is switches
