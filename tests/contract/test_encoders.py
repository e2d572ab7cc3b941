"""What holds for every encoder driver there is."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from controller.config_encoder import SECTIONS
from controller.ports import Impact, Outcome
from tests.contract.encoders import LOWER, NOW, STANDS

if TYPE_CHECKING:
    from pathlib import Path

every_driver = pytest.mark.parametrize("driver", sorted(STANDS))


def test_every_driver_stands_here() -> None:
    """A driver that can be configured is in this suite."""
    assert set(STANDS) == set(SECTIONS)


@every_driver
async def test_an_order_that_is_applied_is_reported_so(driver: str, tmp_path: Path) -> None:
    """Read, order, read again: the new bitrate is on air, and the driver says that it is."""
    async with STANDS[driver]("applies", tmp_path) as stand:
        before = await stand.encoder.read()
        result = await stand.encoder.apply(LOWER, Impact.GLITCH)
        after = await stand.encoder.read()
        on_air_bps = stand.on_air_bps()

    assert before.configured is not None
    assert before.configured.bitrate_bps == NOW.bitrate_bps
    assert (result.outcome, on_air_bps) == (Outcome.APPLIED, LOWER.bitrate_bps)
    assert after.configured is not None
    assert after.configured.bitrate_bps == LOWER.bitrate_bps


@every_driver
async def test_a_device_that_says_ok_and_applies_nothing_is_found_out(driver: str, tmp_path: Path) -> None:
    """The device's word is not the driver's: what did not change is not reported as applied, nor read so."""
    async with STANDS[driver]("lies", tmp_path) as stand:
        result = await stand.encoder.apply(LOWER, Impact.GLITCH)
        after = await stand.encoder.read()
        on_air_bps = stand.on_air_bps()

    assert on_air_bps == NOW.bitrate_bps
    assert result.outcome not in {Outcome.APPLIED, Outcome.STORED}
    assert after.configured is not None
    assert after.configured.bitrate_bps == NOW.bitrate_bps


@every_driver
async def test_what_is_only_stored_is_not_reported_as_applied(driver: str, tmp_path: Path) -> None:
    """A device that keeps a change until it restarts has not applied it."""
    async with STANDS[driver]("stores", tmp_path) as stand:
        result = await stand.encoder.apply(LOWER, Impact.REBOOT)
        on_air_bps = stand.on_air_bps()

    assert on_air_bps == NOW.bitrate_bps
    assert result.outcome is not Outcome.APPLIED


@every_driver
async def test_a_device_introduces_itself(driver: str, tmp_path: Path) -> None:
    """Every driver says what it drives, within which bitrates, and how it knows what a change costs."""
    async with STANDS[driver]("applies", tmp_path) as stand:
        found = await stand.encoder.probe()

    assert found is not None
    assert found.identity
    assert found.evidence
    assert 0 < found.min_bitrate_bps < found.max_bitrate_bps
