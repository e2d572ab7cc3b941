"""The model's answer in the rig's terms."""

from __future__ import annotations

import numpy as np
import pytest

from tests.bench.link import Transport
from tests.bench.rig.modelling import model, policy
from tests.bench.rig.segments import GOOD_KBPS, SEGMENT_S, Segment
from tests.bench.traces import Pair

BINS = round(SEGMENT_S * 10)


def _segment(first: float, second: float) -> Segment:
    return Segment(1, Pair("flat", np.full(BINS, first), np.full(BINS, second)))


def test_the_rig_s_ladder_is_the_demos() -> None:
    """The policy begins at the top rung, which has 720 lines in the demo."""
    found = policy("locked")
    assert found.rung(found.start).preset.height_px == 720
    assert found.rung(found.start).preset.bitrate_bps == 4_500_000


def test_good_links_bring_everything_on_time() -> None:
    """On uplinks as good as before nothing is late and nothing changes."""
    found = model(_segment(GOOD_KBPS, GOOD_KBPS), "adaptive", Transport.TCP_HOL, before_s=5.0)
    assert found.on_time == 1.0
    assert found.p95_s < 0.5
    assert found.transitions == ()


def test_times_count_from_the_segments_begin() -> None:
    """Both uplinks fall to 1 Mbit/s at its begin: `locked` leaves the top some 10 s later, whatever came before."""
    for before_s in (5.0, 12.5):
        first = model(_segment(1_000.0, 1_000.0), "locked", Transport.TCP, before_s=before_s).transitions[0]
        assert first.old == "HIGH"
        assert first.t_s == pytest.approx(11.5, abs=2.0)
