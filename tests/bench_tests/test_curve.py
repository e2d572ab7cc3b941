"""What looking more often is worth."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.bench.curve import curve, table
from tests.bench.link import Transport
from tests.bench.traces import Pair
from tests.bench_tests.roads import blacked_out, flat


def test_looking_more_often_freezes_less_of_a_fade(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """One line for each period; of two the shorter one comes out better."""
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path))
    fades = Pair("fade", blacked_out(4_000.0, 90, at_s=70, for_s=10), flat(600.0, 90))
    often, seldom = rows = list(curve((fades,), (0.25, 2.0), Transport.TCP, jobs=1))
    lines = list(table(iter(rows)))

    assert often[1].frozen_s_per_h < seldom[1].frozen_s_per_h
    assert [line.split("|")[1].strip() for line in lines[1:]] == ["0.25", "2"]
    assert f" {often[1].s:.0f} " in lines[1]
