"""From the encoder's section to its driver, what its changes cost, and the line that says so."""

from __future__ import annotations

from typing import Any

import pytest
from pydantic import SecretStr

from controller.adapters.belacoder import BelacoderEncoder
from controller.adapters.json_verbs import VerbsEncoder
from controller.adapters.moblin import MoblinEncoder
from controller.adapters.uray import UrayEncoder
from controller.calibration_file import Measured
from controller.config_encoder import SECTIONS, EncoderSettings
from controller.ports import Impact, Impacts
from controller.wiring_encoder import calibration_of, described, encoder_driver, impacts_of

UNKNOWN, NONE, GLITCH, REBOOT = Impact.UNKNOWN, Impact.NONE, Impact.GLITCH, Impact.REBOOT
MINIMAL: dict[str, dict[str, Any]] = {
    "uray": {"url": "http://192.0.2.1"},
    "belacoder": {"bitrate_file": "/run/belacoder/bitrate"},
    "exec": {"command": ["/usr/local/bin/my-encoder", "--token", "5ecret"]},
    "gst": {},
    "obs": {},
    "moblin": {},
}


def section(driver: str, **more: object) -> EncoderSettings:
    """A section with what it must have."""
    return SECTIONS[driver].model_validate({"driver": driver, **MINIMAL[driver], **more})


def measured(**impacts: str) -> Measured:
    """A calibration."""
    return Measured.model_validate(
        {
            "driver": "uray",
            "unit": "unit 7",
            "measured_at": "2026-01-31",
            "impacts": impacts,
            "costs_s": {"bitrate": 2.5},
        }
    )


@pytest.mark.parametrize(
    ("driver", "kind"),
    [
        ("uray", UrayEncoder),
        ("belacoder", BelacoderEncoder),
        ("exec", VerbsEncoder),
        ("gst", VerbsEncoder),
        ("obs", VerbsEncoder),
        ("moblin", MoblinEncoder),
    ],
)
async def test_each_section_gives_its_driver(driver: str, kind: type) -> None:
    """What is written is what drives."""
    encoder = encoder_driver(section(driver), SecretStr("x"))
    await encoder.close()

    assert type(encoder) is kind


@pytest.mark.parametrize(
    ("driver", "impacts"),
    [
        ("uray", (UNKNOWN, UNKNOWN)),
        ("belacoder", (NONE, UNKNOWN)),
        ("exec", (UNKNOWN, UNKNOWN)),
        ("gst", (NONE, GLITCH)),
        ("obs", (NONE, UNKNOWN)),
        ("moblin", (UNKNOWN, UNKNOWN)),
    ],
)
def test_only_what_was_measured_is_known_as_shipped(driver: str, impacts: tuple[Impact, Impact]) -> None:
    """Programs that were measured are known; boxes and phones that were read about are not."""
    found = impacts_of(section(driver))

    assert (found.bitrate, found.geometry) == impacts


def test_configured_before_measured_before_known() -> None:
    """Field by field the operator's word, then the unit's calibration, then what is known of the driver."""
    found = impacts_of(section("gst", impacts={"bitrate": "reboot"}), measured(bitrate="glitch", geometry="reconnect"))

    assert found == Impacts(bitrate=REBOOT, geometry=Impact.RECONNECT)


def test_a_measured_cost_is_used_where_its_impact_is() -> None:
    """Seconds that were measured belong to the impact that was measured; an impact by hand has its usual ones."""
    by_measure = calibration_of(section("uray"), measured(bitrate="reconnect")).traits
    by_hand = calibration_of(section("uray", impacts={"bitrate": "reboot"}), measured(bitrate="reconnect")).traits

    assert (by_measure.bitrate_cost_s, by_hand.bitrate_cost_s) == (2.5, 60.0)


def test_the_calibration_names_its_unit() -> None:
    """So that another unit under the same address is not driven by it."""
    assert calibration_of(section("uray"), measured(bitrate="none")).unit == "unit 7"
    assert calibration_of(section("uray")).unit is None


@pytest.mark.parametrize("driver", sorted(SECTIONS))
def test_one_line_says_what_is_driven(driver: str) -> None:
    """Driver, place and costs, and no argument that may be a secret."""
    line = described(section(driver), None)

    assert line.startswith(f"encoder {driver} at ")
    assert "a change costs: bitrate " in line
    assert "5ecret" not in line
