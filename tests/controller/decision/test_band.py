"""What departs from the quality state is told."""

from __future__ import annotations

from dataclasses import replace

import pytest

from controller.decision.band import out_of_band
from controller.decision.memory import State, target_of
from controller.decision.model import Quality
from controller.decision.policies import ADAPTIVE


def plays(quality: Quality, in_force_bps: float | None, *, base: Quality | None = None, size: Quality) -> State:
    """A memory in this state, with a bitrate read back and the picture of another rung."""
    return replace(
        State.initial(ADAPTIVE),
        quality=quality,
        base=base or quality,
        target=target_of(ADAPTIVE.rung(size).preset),
        in_force_bps=in_force_bps,
    )


@pytest.mark.parametrize(
    ("quality", "in_force_bps", "out"),
    [
        (Quality.HIGH, 4.5e6, False),
        (Quality.HIGH, 2.7e6, False),
        (Quality.HIGH, 2.6e6, True),
        (Quality.LOW, 1.2e6, False),
        (Quality.LOW, 1.205e6, False),
        (Quality.LOW, 1.3e6, True),
        (Quality.ERROR, 0.3e6, False),
        (Quality.ERROR, 0.6e6, True),
    ],
)
def test_the_band_is_60_to_100_percent_of_the_preset(quality: Quality, in_force_bps: float, *, out: bool) -> None:
    """Both ends belong to it, and so does what an encoder's steps make of them."""
    assert out_of_band(plays(quality, in_force_bps, size=quality), ADAPTIVE)["bitrate"] is out


@pytest.mark.parametrize(("in_force_bps", "out"), [(1.2e6, False), (2.5e6, False), (2.6e6, True), (0.6e6, True)])
def test_recovery_may_probe_up_to_the_next_preset(in_force_bps: float, *, out: bool) -> None:
    """It is there for that."""
    state = plays(Quality.RECOVERY, in_force_bps, base=Quality.LOW, size=Quality.LOW)

    assert out_of_band(state, ADAPTIVE)["bitrate"] is out


def test_a_size_that_lags_is_told_and_sound_alone_has_none() -> None:
    """HIGH's picture in LOW is a departure; in ERROR there is none to speak of."""
    assert out_of_band(plays(Quality.LOW, 1.2e6, size=Quality.HIGH), ADAPTIVE)["picture_size"]
    assert not out_of_band(plays(Quality.LOW, 1.2e6, size=Quality.LOW), ADAPTIVE)["picture_size"]
    assert not out_of_band(plays(Quality.ERROR, 3e5, size=Quality.HIGH), ADAPTIVE)["picture_size"]


def test_a_bitrate_that_was_never_read_back_is_unknown() -> None:
    """Neither in the band nor out of it."""
    assert "bitrate" not in out_of_band(plays(Quality.HIGH, None, size=Quality.HIGH), ADAPTIVE)
