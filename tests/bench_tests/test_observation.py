"""Bench and live build the same Observation: what is known in one is known in the other, and nothing else."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import fields, is_dataclass, replace
from pathlib import Path

import pytest
from prometheus_client.parser import text_string_to_metric_families

from controller.decision import model
from controller.decision.model import EncoderReading, EncoderTraits, Observation, Sample, SceneReading, Series
from controller.decision.observing import metrics, observe
from controller.decision.policies import ADAPTIVE
from controller.decision.sources import EDGE_SITE
from tests.bench.history import History, Setting
from tests.bench.link import Transport, link
from tests.bench.policies.product import VPS_SITE, Exporter, Windows
from tests.bench.signals import EPOCH_S, IngestSignals, SenderSignals
from tests.bench.simulation import ChangeCost, simulate
from tests.bench.srt_signals import SrtIngestSignals, SrtReceiverSignals, SrtSenderSignals
from tests.bench.traces import Pair
from tests.bench_tests.roads import Script, flat

WANTED = set(metrics(tuple(model.Transport)))
GOLDEN = Path(__file__).parents[1] / "exporters"
SCRAPES = 14
LONG_QUEUES = {"capacity.upper_bps", "uplinks.capacity.upper_bps", "held_up_bps", "drain_time_max_s"}
"""MPTCP's captured streams last half a second: no queue stands in them. Those metrics are held to the catalogue."""


def exposed(path: Path, *, site: str, job: str) -> Iterator[Series]:
    """A golden exposition as if it had been scraped once a second, its counters growing by a quarter each time."""
    for family in text_string_to_metric_families(path.read_text(encoding="utf-8")):
        for sample in family.samples:
            if sample.name not in WANTED:
                continue
            labels = tuple(sorted({**sample.labels, "site": site, "job": job, "instance": f"{site}:{job}"}.items()))
            grows = 0.25 if family.type == "counter" else 0.0
            values = (sample.value * (1.0 + grows * n) for n in range(SCRAPES))
            yield Series(
                sample.name, labels, tuple(Sample(EPOCH_S + n, value) for n, value in enumerate(values, start=1))
            )


def live(*captures: tuple[str, str, str]) -> Observation:
    """What a controller makes of captured streams, as exposed: site, exporter and capture of each."""
    many = (exposed(GOLDEN / job / "golden" / f"{name}.prom", site=site, job=job) for site, job, name in captures)
    return seen([one for series in many for one in series])


def exporters(history: History) -> list[tuple[str, str, Exporter]]:
    """The bench's exporters, by site and name."""
    if history.transport is Transport.SRT:
        return [
            (EDGE_SITE, "srtla", SrtSenderSignals(history)),
            (VPS_SITE, "srtla", SrtReceiverSignals(history)),
            (VPS_SITE, "ingest", SrtIngestSignals(history)),
        ]
    return [(EDGE_SITE, "mptcp", SenderSignals(history)), (VPS_SITE, "ingest", IngestSignals(history))]


def benched(transport: Transport, *, each_kbps: float) -> Observation:
    """What a controller makes of what the bench tells, a quarter of a minute into a stream of 2.5 Mbit/s."""
    pair = Pair("pair", flat(each_kbps, 30), flat(each_kbps, 30))
    history = simulate(link(pair, transport), Script(start=Setting(2_500.0, 720)), transport, ChangeCost.LIVE)
    windows, told = Windows(1.0), exporters(history)
    for second in range(1, SCRAPES + 1):
        for site, job, signals in told:
            signals.advance(second * 10 - 1)
            windows.scrape(EPOCH_S + second, site, job, signals.told())
    return seen(windows.series(EPOCH_S + SCRAPES))


def seen(series: Iterable[Series]) -> Observation:
    """The observation of these windows just after the last scrape."""
    return observe(
        at_s=EPOCH_S + SCRAPES + 0.3,
        series=series,
        encoder=EncoderReading(),
        encoder_traits=EncoderTraits(),
        scene=SceneReading(),
        override=None,
        policy=ADAPTIVE,
    )


def known(value: object, name: str = "") -> set[str]:
    """The names of all readings in `value` that are known; those of all uplinks under one name."""
    if isinstance(value, tuple):
        return set().union(*(known(one, name) for one in value))
    if is_dataclass(value):
        return set().union(*(known(getattr(value, one.name), f"{name}.{one.name}") for one in fields(value)))
    return set() if value is None else {name.removeprefix(".")}


INGEST = (VPS_SITE, "ingest", "publishing")
MPTCP = [((EDGE_SITE, "mptcp", capture), INGEST) for capture in ("sender", "ipv6")]
SRTLA = [
    ((EDGE_SITE, "srtla", capture), (VPS_SITE, "srtla", "receiver"), INGEST)
    for capture in ("sender", "sender-troubled")
]


@pytest.mark.parametrize(
    ("transport", "captures", "not_captured"),
    [
        (Transport.TCP, MPTCP, LONG_QUEUES),
        (Transport.TCP_HOL, MPTCP, LONG_QUEUES),
        (Transport.MPTCP, MPTCP, LONG_QUEUES),
        (Transport.SRT, SRTLA, {"capacity.upper_bps", "held_up_bps"}),
    ],
)
def test_bench_and_live_know_the_same(
    transport: Transport, captures: list[tuple[tuple[str, str, str], ...]], not_captured: set[str]
) -> None:
    """Field by field of the Observation: a reading that only one of them has would make two products of one."""
    in_bench = known(benched(transport, each_kbps=10_000.0)) | known(benched(transport, each_kbps=600.0))
    in_captures = set().union(*(known(live(*capture)) for capture in captures))

    assert in_bench - in_captures == not_captured
    assert in_captures <= in_bench


def test_the_comparison_sees_a_field_that_is_missing() -> None:
    """One reading of one uplink less, and the two differ."""
    whole = live(*MPTCP[0])
    lamed = replace(whole, uplinks=tuple(replace(one, rtt_s=None) for one in whole.uplinks))

    assert known(whole) - known(lamed) == {"uplinks.rtt_s"}
