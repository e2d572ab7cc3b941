"""Both transports are read alike, and of several the one that carries."""

from __future__ import annotations

from dataclasses import replace

import pytest

from controller.decision.model import (
    EncoderReading,
    EncoderTraits,
    Freshness,
    Observation,
    Sample,
    SceneReading,
    Series,
    Transport,
)
from controller.decision.observing import metrics, observe
from controller.decision.policies import LOCKED
from exporters.catalog import BY_NAME
from tests.controller.decision.world import Conditions, World


def windows(**conditions: object) -> tuple[float, tuple[Series, ...]]:
    """Now, and the raw windows of a world that has streamed over MPTCP for 15 s."""
    world = World(conditions=replace(Conditions(), **conditions))  # type: ignore[arg-type] # named by each test
    for _ in range(15):
        world.advance()
    return world.now, tuple(world.windows())


def by_srtla(series: tuple[Series, ...]) -> tuple[Series, ...]:
    """The same windows as the exporter of an SRTLA bond would have told them."""
    return tuple(
        Series(
            metric=one.metric.replace("mptcp_", "srtla_").replace("retransmitted", "lost"),
            labels=tuple((name, value.replace("mptcp", "srtla")) for name, value in one.labels),
            samples=one.samples,
        )
        for one in series
    )


def seen(at_s: float, series: tuple[Series, ...], *carriers: Transport) -> Observation:
    """What is observed when one of these transports carries."""
    return observe(
        at_s=at_s,
        series=series,
        encoder=EncoderReading(),
        encoder_traits=EncoderTraits(),
        scene=SceneReading(),
        override=None,
        policy=LOCKED,
        carriers=carriers,
    )


def test_every_metric_is_in_the_catalogue() -> None:
    """Whatever carries, what is read of it is what its exporter publishes."""
    assert set(metrics(list(Transport))) <= set(BY_NAME)


def test_srtla_is_read_as_mptcp_is() -> None:
    """The same story, told by the other exporter, is the same observation."""
    at_s, series = windows(loss_ratio=0.01, capacity_bps=2e6, dead=frozenset({"att"}))
    by_mptcp = seen(at_s, series, Transport.MPTCP)

    assert by_mptcp.freshness is Freshness.FRESH
    assert by_mptcp.loss_ratio is not None
    assert seen(at_s, by_srtla(series), Transport.SRTLA) == replace(by_mptcp, carrier=Transport.SRTLA)


def test_what_does_not_carry_is_not_read() -> None:
    """Samples of a transport that is not this rig's tell nothing."""
    at_s, series = windows()

    assert seen(at_s, series, Transport.SRTLA).freshness is Freshness.BLIND
    assert seen(at_s, series, Transport.SRTLA).carrier is None


def test_of_two_the_one_that_carries() -> None:
    """Where both are there, capacity and queue are those of the transport that delivers."""
    at_s, series = windows()
    idle = tuple(replace(one, samples=tuple(replace(s, value=0.0) for s in one.samples)) for one in by_srtla(series))
    observed = seen(at_s, series + idle, *Transport)

    assert observed == seen(at_s, series, Transport.MPTCP)


def received(*, missing: tuple[float, ...], arriving: bool = True) -> float | None:
    """For how long the stream is whole at 1000 s, when these counts were scraped, one a second, the last just now."""
    target = (("job", "srtla"), ("site", "vps"))
    first_s = 1_000.0 - len(missing) + 1
    of_bytes = tuple(Sample(first_s + place, 1e6 * (place if arriving else 1)) for place in range(len(missing)))
    counted = tuple(Sample(first_s + place, count) for place, count in enumerate(missing))
    series = (
        Series("srtla_connection_missing_segments_total", target, counted),
        Series("srtla_connection_receive_bytes_total", target, of_bytes),
        Series("ingest_stream_publishing", (("job", "ingest"), ("stream", "cam")), (Sample(1_000.0, 1.0),)),
    )
    return seen(1_000.0, series, Transport.SRTLA).ingest.whole_s


def test_the_stream_is_whole_since_the_server_last_went_on_without_a_part() -> None:
    """Three seconds ago, or at least for as long as the window reaches."""
    assert received(missing=(0, 0, 4, 4, 4, 4)) == pytest.approx(3.0)
    assert received(missing=(4, 4, 4)) == pytest.approx(2.0)


def test_a_bond_that_stands_by_says_nothing_of_the_picture() -> None:
    """Its exporter is there and counts nothing; nor does one scrape tell anything."""
    assert received(missing=(4, 4, 4), arriving=False) is None
    assert received(missing=(4,)) is None


def mended(*, keyframes: float | None = 9.0, whole_s: float | None = None, clock_s: float = 1_000.0) -> float | None:
    """For how long the picture is mended at 1000.3 s, after a scrape at 1000 s by an exporter whose clock says this."""
    target = (("job", "srtla"), ("site", "vps"))
    told = {
        "connection_missing_segments_total": 4.0,
        "connection_keyframes_total": keyframes,
        "connection_whole_timestamp_seconds": whole_s,
        "exporter_clock_timestamp_seconds": clock_s,
    }
    series = [
        Series(f"srtla_{name}", target, (Sample(1_000.0, value),)) for name, value in told.items() if value is not None
    ]
    received = (Sample(999.0, 1.0), Sample(1_000.0, 1e6))
    series.append(Series("srtla_connection_receive_bytes_total", target, received))
    series.append(Series("ingest_stream_publishing", (("job", "ingest"), ("stream", "cam")), (Sample(1_000.0, 1.0),)))
    return seen(1_000.3, tuple(series), Transport.SRTLA).ingest.mended_s


def test_the_picture_is_mended_from_its_keyframe_on() -> None:
    """A keyframe that will be played is none yet; by the clock of the exporter, whichever that is."""
    assert mended(whole_s=999.0) == pytest.approx(1.3)
    assert mended(whole_s=1_000.2) == pytest.approx(0.1)
    assert mended(whole_s=1_001.0) == 0.0
    assert mended(whole_s=500.2, clock_s=500.0) == pytest.approx(0.1)


def test_without_a_keyframe_nothing_is_mended_and_where_nobody_sees_any_it_is_unknown() -> None:
    """An exporter that sees them says so by their number; an encrypted stream shows none."""
    assert mended() == 0.0
    assert mended(keyframes=None) is None
    assert mended(keyframes=None, whole_s=999.0) is None
