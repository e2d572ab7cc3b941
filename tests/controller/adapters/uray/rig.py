"""A driver for a fake unit, calibrated as live; it gives up soon, but not for a second of a busy machine."""

from __future__ import annotations

from typing import TYPE_CHECKING

from pydantic import SecretStr

from controller.adapters.uray import UrayEncoder
from controller.adapters.uray.device import Deadlines
from controller.decision.model import EncoderTarget
from controller.ports import Impact, Impacts
from tests.fakes.clock import FakeClock
from tests.fakes.new_orange import PASSWORD, USER

if TYPE_CHECKING:
    from tests.fakes.new_orange import FakeUnit

LIVE = Impacts(bitrate=Impact.NONE, geometry=Impact.GLITCH)
# What the fake starts with, and a step to either side.
NOW = EncoderTarget(2_500_000, 1280, 720, 30)
LOWER = EncoderTarget(1_200_000, 1280, 720, 30)
HIGHER = EncoderTarget(4_500_000, 1280, 720, 30)


def driver(
    unit: FakeUnit,
    *,
    impacts: Impacts = LIVE,
    password: str = PASSWORD,
    output: int = 0,
    clock: FakeClock | None = None,
) -> UrayEncoder:
    """A driver for `unit`."""
    return UrayEncoder(
        base_url=unit.url,
        username=USER,
        password=SecretStr(password),
        output=output,
        impacts=impacts,
        clock=clock or FakeClock(),
        deadlines=Deadlines(read_s=3.0, write_s=3.0, settle_s=0.01),
    )
