"""`vvlive doctor encoder`: what it says, what it keeps, and what it never shows."""

from __future__ import annotations

import json
import socket
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
import yaml
from typer.testing import CliRunner

from controller import calibration_file
from controller.calibrating.trying import Timing
from controller.cli import app
from controller.commands.calibrating import Examined, examine, keep, shown, written
from controller.config_file import load, validate
from controller.decision import policies
from controller.ports import Impact
from controller.wiring_encoder import calibration_of, described
from deploy.demo.encoder.device import Fault, Personality
from tests.controller.calibrating.stands import ADDRESS, KEY, PASSWORD, Stand, stand
from tests.deploy.demo.streaming import free_port

if TYPE_CHECKING:
    from controller.config_file import Loaded

QUICK = Timing(every_s=0.02, before_s=0.3, shows_within_s=0.9, after_s=0.1, restart_within_s=6.0, rate_over_s=0.3)
LADDER = [rung.preset for rung in policies.ADAPTIVE.rungs]


def loaded(folder: Path, **more: object) -> Loaded:
    """A configuration whose password is the unit's."""
    section = {"url": "http://192.0.2.1", "password_env": "P", "calibration_file": str(folder / "c.yml"), **more}
    return validate({"rig": "r1", "encoder": section}, environment={"P": PASSWORD})


async def examined(unit: Stand, *, calibrate: bool) -> Examined:
    """The unit, examined."""
    return await examine(
        unit.encoder,
        unit.air,
        examined=Examined("uray", "2026-01-31T12:00:00+00:00"),
        ladder=LADDER,
        calibrate=calibrate,
        restart=False,
        tell=lambda _: None,
        timing=QUICK,
    )


async def test_looking_changes_nothing_and_tells_the_essentials() -> None:
    """Without consent no order is given; each check is a line, and what is not calibrated is named."""
    async with stand(Personality.STORED) as unit:
        before = unit.air.order
        found = await examined(unit, calibrate=False)
        assert unit.air.order == before

    texts = {check.name: (check.ok, check.text) for check in found.checks}
    assert texts["answers"] == (True, "it answers")
    assert texts["settings"] == (True, "it is set to 2500 kbit/s, 1280x720 at 30")
    assert texts["target"] == (True, "it is connected to its stream's target")
    assert texts["sizes"] == (None, "it does not offer 854x480: the next smaller size is used")
    assert texts["bitrate cost"][0] is None
    assert "run with --calibrate" in texts["bitrate cost"][1]
    assert texts["ingest"] == (True, "bytes arrive at the ingest")
    assert not found.wrong


async def test_a_unit_that_refuses_us_is_wrong() -> None:
    """One line says why, and nothing else is claimed."""
    async with stand(Personality.LIVE, Fault.DENIES) as unit:
        found = await examined(unit, calibrate=False)

    assert [check.name for check in found.checks] == ["answers"]
    assert "user name or password refused" in found.checks[0].text
    assert found.wrong


async def test_a_calibration_is_kept_and_used(tmp_path: Path) -> None:
    """What was measured stands in its file, and the controller's next start drives the unit by it."""
    async with stand(Personality.LIVE) as unit:
        found = await examined(unit, calibrate=True)
    keep(found, loaded(tmp_path))
    again = loaded(tmp_path)

    assert again.measured is not None
    assert again.measured.impacts.bitrate == "none"
    assert again.config.encoder is not None
    calibration = calibration_of(again.config.encoder, again.measured)
    assert (calibration.impacts.bitrate, calibration.impacts.geometry) == (Impact.NONE, Impact.GLITCH)
    assert "a change costs: bitrate none, geometry glitch, calibrated 2026" in described(
        again.config.encoder, again.measured
    )
    assert shown(found)["restored"] is True


async def test_the_transcript_helps_and_tells_no_secret(tmp_path: Path) -> None:
    """It holds the unit's field names and every sample, and neither password, key, address nor host."""
    async with stand(Personality.LIVE) as unit:
        found = await examined(unit, calibrate=True)
    text = written(found, loaded(tmp_path))
    told: dict[str, Any] = json.loads(text)

    assert told["portrait"]["venc_bitrate"] == "2500"
    assert "rtmp_publish_uri" in told["portrait"]
    assert told["trials"][0]["finding"]["impact"] == "none"
    assert len(told["trials"][0]["ingest"]) > 10
    for secret in (KEY, PASSWORD, ADDRESS, "192.0.2.1", "127.0.0.1"):
        assert secret not in text


def test_what_is_configured_goes_before_what_was_measured(tmp_path: Path) -> None:
    """The operator has the last word, field by field."""
    measured = calibration_file.Measured.model_validate(
        {"driver": "uray", "unit": "u", "measured_at": "t", "impacts": {"bitrate": "reboot", "geometry": "glitch"}}
    )
    calibration_file.write(tmp_path / "c.yml", measured)
    settings = loaded(tmp_path, impacts={"bitrate": "none"})

    assert settings.config.encoder is not None
    impacts = calibration_of(settings.config.encoder, settings.measured).impacts
    assert (impacts.bitrate, impacts.geometry) == (Impact.NONE, Impact.GLITCH)


def configured(folder: Path, **more: object) -> Path:
    """A configuration file of an encoder that nobody hears."""
    encoder = {"driver": "gst", "socket": str(folder / "none"), **more}
    (folder / "c.yml").write_text(yaml.safe_dump({"rig": "r1", "encoder": encoder, "api": {"listen": "127.0.0.1:1"}}))
    return folder / "c.yml"


def run(*argv: str) -> tuple[int, str]:
    """Exit code and all that was said."""
    done = CliRunner().invoke(app, ["doctor", "encoder", *argv])
    return done.exit_code, done.output


def test_an_absent_encoder_is_told(tmp_path: Path) -> None:
    """The command ends with 1 and says what to look at."""
    code, said = run("--config", str(configured(tmp_path)), "--transcript", str(tmp_path / "t.json"))

    assert code == 1
    assert "cannot be reached" in said
    assert json.loads((tmp_path / "t.json").read_text())["driver"] == "gst"


def test_as_json(tmp_path: Path) -> None:
    """The same as one JSON object."""
    code, said = run("--config", str(configured(tmp_path)), "--json")

    assert code == 1
    assert json.loads(said)["checks"][0]["ok"] is False


def test_a_calibration_needs_a_place_to_be_kept(tmp_path: Path) -> None:
    """Without the key nothing is touched."""
    code, said = run("--config", str(configured(tmp_path)), "--calibrate", "--yes")

    assert (code, "encoder.calibration_file: missing; write where to keep what is measured" in said) == (2, True)


def test_no_calibration_beside_a_running_controller(tmp_path: Path) -> None:
    """Two who set the same encoder would measure each other."""
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        path = configured(tmp_path, calibration_file=str(tmp_path / "k"))
        path.write_text(path.read_text().replace("127.0.0.1:1", f"127.0.0.1:{taken.getsockname()[1]}"))
        code, said = run("--config", str(path), "--calibrate", "--yes")

    assert (code, "the controller is running, and would undo each change" in said) == (1, True)


def test_nothing_is_changed_without_consent(tmp_path: Path) -> None:
    """Who does not say yes has changed nothing."""
    path = configured(tmp_path, calibration_file=str(tmp_path / "k"))
    path.write_text(path.read_text().replace("127.0.0.1:1", f"127.0.0.1:{free_port()}"))
    done = CliRunner().invoke(app, ["doctor", "encoder", "--config", str(path), "--calibrate"], input="n\n")

    assert done.exit_code == 1
    assert "Go on?" in done.output
    assert not (tmp_path / "k").exists()


@pytest.mark.parametrize("text", ["[", "driver: 5", "nothing", "version: 2\ndriver: x\nunit: x\nmeasured_at: x"])
def test_a_damaged_calibration_is_refused_by_name(tmp_path: Path, text: str) -> None:
    """A file that is no calibration is an error of its key, with the remedy."""
    (tmp_path / "k").write_text(text)
    path = configured(tmp_path, calibration_file=str(tmp_path / "k"))
    code, said = run("--config", str(path))

    assert code == 2
    assert "encoder.calibration_file:" in said
    assert "calibrate again, or delete it" in said


def test_a_calibration_survives_its_file(tmp_path: Path) -> None:
    """What is written is what is read, and others may read it."""
    measured = calibration_file.Measured.model_validate(
        {"driver": "gst", "unit": "u", "measured_at": "t", "costs_s": {"geometry": 2.5}}
    )
    calibration_file.write(tmp_path / "k", measured)

    assert calibration_file.read(tmp_path / "k") == measured
    assert (tmp_path / "k").stat().st_mode & 0o777 == 0o644
    assert load(configured(tmp_path, calibration_file=str(tmp_path / "k")), environment={}).measured == measured
