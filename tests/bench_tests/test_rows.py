"""Rows of pairs on which nothing can be measured."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from tests.bench.link import Transport
from tests.bench.report import table, write_json
from tests.bench.rows import Row, row
from tests.bench.running import BASE, ORACLE, Result, run
from tests.bench.simulation import ChangeCost
from tests.bench.traces import Pair

SECONDS = 70


def pair(kbps: float) -> Pair:
    """Two equal uplinks, steady."""
    rates = np.full(SECONDS * 10, kbps)
    return Pair(f"{kbps:g}", rates, rates)


def judged(policy: str, *pairs: Pair) -> Row:
    """The row of `policy` over these pairs, under SRT."""

    def over(name: str) -> list[Result]:
        return [run(name, one, Transport.SRT) for one in pairs]

    return row(
        set_name="s",
        model=Transport.SRT,
        cost=ChangeCost.LIVE,
        policy=policy,
        results=over(policy),
        base=over(BASE),
        oracle=over(ORACLE),
    )


def test_links_that_carry_nothing_have_no_share(tmp_path: Path) -> None:
    """What was used of nothing is told neither in the row nor in the table nor in the JSON."""
    dead = judged("adaptive", pair(0.0))
    write_json(tmp_path / "rows.json", [dead])

    assert dead.utilisation is None
    assert json.loads((tmp_path / "rows.json").read_text())[0]["utilisation"] is None
    assert table([dead]).splitlines()[2].split()[3] == "-"


def test_where_no_picture_came_its_latency_is_unknown() -> None:
    """Nothing arrived, so there is no latency; a set has the mean of the pairs on which something did."""
    dead, fine = judged(BASE, pair(0.0)), judged(BASE, pair(4_000.0))

    assert (dead.p95_s, dead.p99_s) == (None, None)
    assert " -/   - " in table([dead])
    assert judged(BASE, pair(0.0), pair(4_000.0)).p95_s == fine.p95_s == pytest.approx(0.13)


def test_where_the_oracle_brings_nothing_its_share_is_unknown() -> None:
    """An oracle that delivered nothing is no measure of what others did."""
    some = run(BASE, pair(0.0), Transport.SRT)
    none = replace(some, measures=replace(some.measures, delivered_mbps=0.0))
    found = row(
        set_name="s",
        model=Transport.SRT,
        cost=ChangeCost.LIVE,
        policy=BASE,
        results=[some],
        base=[some],
        oracle=[none],
    )

    assert found.delivered_of_oracle is None
