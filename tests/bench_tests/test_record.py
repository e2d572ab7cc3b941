"""A stream's history becomes traces: what was told, and nothing that was not."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path

import pytest

from controller.decision.model import Sample, Series, Transport
from exporters.mptcp.capacity import Uplink, UplinkSample
from tests.bench import __main__ as command
from tests.bench.link import path_deaths
from tests.bench.record import history
from tests.bench.recording import ALIVE, LOWER, SUBFLOWS, UPPER, RecordError, recorded
from tests.bench.traces import read_trace, write_trace


def told(metric: str, *samples: tuple[float, float], uplink: str | None = None, by: str = "mptcp") -> Series:
    """A series with these samples, rates in Mbit/s."""
    labels = () if uplink is None else (("uplink", uplink),)
    return Series(f"{by}_{metric}", labels, tuple(Sample(t_s, mbps * 125_000.0) for t_s, mbps in samples))


def alive(*times_s: float) -> Series:
    """The exporter's clock at these times."""
    return Series(f"mptcp_{ALIVE}", (), tuple(Sample(t_s, t_s) for t_s in times_s))


def subflows(uplink: str, *samples: tuple[float, float]) -> Series:
    """How many subflows the uplink had at these times."""
    return Series(f"mptcp_{SUBFLOWS}", (("uplink", uplink),), tuple(Sample(*sample) for sample in samples))


def test_the_upper_bound_speaks_where_it_is_told_and_else_the_lower() -> None:
    """While a queue stood the trace is what the uplink carried then; from the next scrape on what it was seen to."""
    found = recorded(
        [
            alive(10, 11, 12),
            told(LOWER, (10, 2.0), (11, 3.0), (12, 3.0), uplink="a"),
            told(UPPER, (10, 2.5), uplink="a"),
        ],
        begin_s=10.0,
        end_s=14.0,
    )
    assert found.rates["a"].tolist() == [2_500.0] * 10 + [3_000.0] * 30
    assert found.cut_s == 0.0


def test_an_uplink_without_a_subflow_carried_nothing() -> None:
    """Only that is zero: from the scrape that tells it on, and whatever bound still lingers in it."""
    found = recorded(
        [alive(10, 12, 14), told(LOWER, (10, 2.0), (12, 2.0), uplink="a"), subflows("a", (10, 1), (12, 0), (14, 0))],
        begin_s=10.0,
        end_s=15.0,
    )
    assert found.rates["a"].tolist() == [2_000.0] * 20 + [0.0] * 30
    assert (found.cut_s, found.held_s, found.unknown_s) == (0.0, {"a": 0.0}, {"a": 0.0})


def test_an_idle_uplink_keeps_its_last_bound_for_half_a_minute() -> None:
    """Unknown is not zero: it lives, so the bound is held; what lasts longer is cut from all uplinks and told."""
    times_s = [float(number) for number in range(45)]
    found = recorded(
        [
            alive(*times_s),
            *(subflows(uplink, *((at_s, 1) for at_s in times_s)) for uplink in "ab"),
            told(LOWER, (0, 2.0), (44, 3.0), uplink="a"),
            told(LOWER, *((at_s, 5.0) for at_s in times_s), uplink="b"),
        ],
        begin_s=0.0,
        end_s=45.0,
    )
    assert found.rates["a"].tolist() == [2_000.0] * 301 + [3_000.0] * 10
    assert found.rates["b"].tolist() == [5_000.0] * 311
    assert (found.cut_s, found.held_s, found.unknown_s) == (13.9, {"a": 29.1, "b": 0.0}, {"a": 13.9, "b": 0.0})


@pytest.mark.parametrize(
    "subflow",
    [((10, 1), (11, 0), (12, 1)), ((10, 1), (11, 1))],
    ids=["came back", "untold"],
)
def test_a_bound_is_held_only_while_a_subflow_is_known_to_live(subflow: tuple[tuple[float, float], ...]) -> None:
    """One that came back may be in another cell, and where subflows are not told the uplink may be gone."""
    found = recorded(
        [alive(10, 11, 12), told(LOWER, (10, 2.0), (11, 2.0), uplink="a"), subflows("a", *subflow)],
        begin_s=10.0,
        end_s=13.0,
    )
    assert (found.cut_s, found.held_s["a"]) == (1.0, 0.0)


def test_an_idle_uplink_is_no_dead_one_to_the_bench() -> None:
    """What the exporter's own estimate tells of an uplink that is spared for 20 s makes no death of a path."""
    meter = Uplink()
    busy = UplinkSample("a", 0.0, outstanding_bytes=20_000.0, delivery_rate=500_000.0, rtt_s=0.05, min_rtt_s=0.05)
    spare = replace(busy, delivered_bytes=199 * 50_000.0, outstanding_bytes=0.0)
    spared = []
    for number in range(400):
        sample = replace(busy, delivered_bytes=number * 50_000.0) if number < 200 else spare
        lower = meter.feed(number / 10, replace(sample, last_ack_age_s=max(0.0, number / 10 - 19.9))).capacity_lower
        spared += [] if lower is None else [(number / 10, lower / 125_000.0)]
    times_s = [number / 10 for number in range(400)]
    found = recorded(
        [
            alive(*times_s),
            *(subflows(uplink, *((at_s, 1) for at_s in times_s)) for uplink in "ab"),
            told(LOWER, *spared, uplink="a"),
            told(LOWER, *((at_s, 4.0) for at_s in times_s), uplink="b"),
        ],
        begin_s=0.0,
        end_s=40.0,
    )

    assert times_s[-1] - spared[-1][0] > 15.0
    assert path_deaths(found.rates["a"], found.rates["b"]) == ()
    assert found.held_s["a"] > 15.0


def test_silence_of_the_exporter_is_cut_from_all_uplinks() -> None:
    """Unknown time is left out alike everywhere, so that the uplinks stay in step."""
    found = recorded(
        [alive(10, 20), told(LOWER, (10, 1.0), (20, 4.0), uplink="a"), told(LOWER, (10, 2.0), (20, 5.0), uplink="b")],
        begin_s=10.0,
        end_s=21.0,
    )
    assert found.cut_s == pytest.approx(7.4)
    assert found.rates["a"].tolist() == [1_000.0] * 26 + [4_000.0] * 10
    assert found.rates["b"].tolist() == [2_000.0] * 26 + [5_000.0] * 10


@pytest.mark.parametrize(
    ("series", "says"),
    [
        ([], "the exporter told nothing"),
        ([alive(10.0)], "no uplink's capacity was told"),
        (
            [alive(10.0), subflows("a", (10, 1)), told(LOWER, (9, 2.0), uplink="a")],
            "of 1.0 s the exporter told no bound of a for 1.0 s; record a time in which the stream uses them all",
        ),
    ],
    ids=["silence", "no uplink", "idle throughout"],
)
def test_no_history_is_refused(series: list[Series], says: str) -> None:
    """Without data there is no trace, and the message says what to check."""
    with pytest.raises(RecordError, match=says):
        recorded(series, begin_s=10.0, end_s=11.0)


def test_an_srtla_bond_is_recorded_from_its_own_exporter() -> None:
    """The other transport's samples in the same file say nothing of it."""
    series = [
        replace(alive(10, 11), metric=f"srtla_{ALIVE}"),
        told(LOWER, (10, 2.0), uplink="a", by="srtla"),
        told(LOWER, (10, 9.0), uplink="b"),
    ]
    found = recorded(series, begin_s=10.0, end_s=11.0, transport=Transport.SRTLA)
    assert {uplink: rates.tolist() for uplink, rates in found.rates.items()} == {"a": [2_000.0] * 10}


def _answer(*rows: tuple[dict[str, str], list[list[object]]]) -> bytes:
    result = [{"metric": metric, "values": values} for metric, values in rows]
    return json.dumps({"status": "success", "data": {"resultType": "matrix", "result": result}}).encode()


def test_history_is_asked_for_in_pages() -> None:
    """Twenty-five minutes are three queries, whose windows overlap by what a sample is held."""
    asked: list[tuple[str, float]] = []

    def ask(query: str, at_s: float) -> bytes:
        asked.append((query, at_s))
        return _answer(({"__name__": f"mptcp_{ALIVE}"}, [[at_s, "1"]]))

    found = list(history(ask, match={"site": "edge"}, begin_s=0.0, end_s=1_500.0))
    assert [at_s for _, at_s in asked] == [600.0, 1_200.0, 1_500.0]
    assert [query.rpartition("[")[2] for query, _ in asked] == ["602500ms]", "602500ms]", "302500ms]"]
    assert 'site="edge"' in asked[0][0]
    assert len(found) == 3


def test_half_an_answer_is_no_history() -> None:
    """A failed page fails the recording: a hole would read as a dead uplink."""
    failed = json.dumps({"status": "error", "errorType": "timeout", "error": "too slow"}).encode()
    with pytest.raises(RecordError, match="timeout: too slow"):
        list(history(lambda *_: failed, match={}, begin_s=0.0, end_s=10.0))


def test_a_prometheus_that_is_not_there_is_named(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """The command ends with 2 and names the address that does not answer."""
    words = f"record --prometheus http://127.0.0.1:1 --from 0 --to 10 --out {tmp_path}"
    assert command.main(words.split()) == 2
    assert "Prometheus at http://127.0.0.1:1 does not answer" in capsys.readouterr().err


def test_a_recording_is_a_trace_file(tmp_path: Path) -> None:
    """What is recorded can be read back by the bench."""
    found = recorded([alive(10), told(LOWER, (10, 2.0), uplink="a")], begin_s=10.0, end_s=11.0)
    write_trace(tmp_path / "a.csv", found.rates["a"])
    assert read_trace(tmp_path / "a.csv").tolist() == [2_000.0] * 10


def test_a_kept_recording_becomes_traces_without_a_prometheus(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """Of a file all of it, from its first sample to its last, or the part that is named."""
    rows = [
        ({"__name__": f"mptcp_{ALIVE}"}, [[10.0 + n, "1"] for n in range(6)]),
        ({"__name__": f"mptcp_{LOWER}", "uplink": "a"}, [[10.0 + n, "250000"] for n in range(6)]),
    ]
    (tmp_path / "stream.json").write_bytes(_answer(*rows))
    asked = f"record --file {tmp_path / 'stream.json'} --out {tmp_path / 'traces'}"
    assert command.main(asked.split()) == 0
    assert read_trace(tmp_path / "traces" / "a.csv").tolist() == [2_000.0] * 50
    assert command.main(f"{asked} --from 12 --to 14".split()) == 0
    assert len(read_trace(tmp_path / "traces" / "a.csv")) == 20
    assert "1 uplinks, 2.0 s written" in capsys.readouterr().out


def test_what_was_held_and_what_was_left_out_is_told(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """By uplink: for how long the trace is an older bound, and that one of which none is known has no trace."""
    rows = [
        ({"__name__": f"mptcp_{ALIVE}"}, [[10.0 + n, "1"] for n in range(60)]),
        ({"__name__": f"mptcp_{LOWER}", "uplink": "a"}, [[10.0, "250000"]]),
        *(({"__name__": f"mptcp_{SUBFLOWS}", "uplink": u}, [[10.0 + n, "1"] for n in range(60)]) for u in "ab"),
    ]
    (tmp_path / "stream.json").write_bytes(_answer(*rows))
    assert command.main(f"record --file {tmp_path / 'stream.json'} --out {tmp_path / 'traces'}".split()) == 0

    assert capsys.readouterr().out.splitlines() == [
        "1 uplinks, 30.1 s written, 28.9 s unknown and cut",
        "a: its last bound held for 29.1 s, nothing known for 28.9 s",
        "b: left out, no bound was ever told of it",
    ]
    assert [path.name for path in (tmp_path / "traces").iterdir()] == ["a.csv"]


def _exporter(mbps: float, uplink: str = "a", **labels: str) -> list[tuple[dict[str, str], list[list[object]]]]:
    """Six seconds of an exporter with these target labels, which saw its uplink carry `mbps`."""
    times_s = [10.0 + number for number in range(6)]
    return [
        ({"__name__": f"mptcp_{ALIVE}", **labels}, [[at_s, "1"] for at_s in times_s]),
        ({"__name__": f"mptcp_{LOWER}", "uplink": uplink, **labels}, [[t, str(mbps * 125_000.0)] for t in times_s]),
    ]


@pytest.mark.parametrize(
    ("words", "kbps"),
    [("", 2_000.0), ("--match site=edge", 2_000.0), ("--match site=vps", 8_000.0), ("--match rig=bus", 4_000.0)],
)
def test_one_exporter_is_recorded_of_the_two_at_a_bond(words: str, kbps: float, tmp_path: Path) -> None:
    """The sender's where nothing is said, or the one that is named; never both by turns."""
    rows = [*_exporter(8.0, rig="van", site="vps"), *_exporter(2.0, rig="van", site="edge")]
    rows += _exporter(4.0, rig="bus", site="edge") if "bus" in words else []
    (tmp_path / "stream.json").write_bytes(_answer(*rows))
    asked = f"record --file {tmp_path / 'stream.json'} --out {tmp_path / 'traces'} {words}"
    assert command.main(asked.split()) == 0
    assert read_trace(tmp_path / "traces" / "a.csv").tolist() == [kbps] * 50


def test_a_receiver_that_tells_no_capacity_does_not_speak_for_the_sender() -> None:
    """Its clock goes on while the sender's exporter is silent, which stays unknown."""
    receiver = Series(f"mptcp_{ALIVE}", (("site", "vps"),), tuple(Sample(10.0 + n, 1.0) for n in range(10)))
    sender = [replace(one, labels=(("site", "edge"), *one.labels)) for one in (alive(10), told(LOWER, (10, 2.0)))]
    sender[1] = replace(sender[1], labels=(*sender[1].labels, ("uplink", "a")))
    found = recorded([receiver, *sender], begin_s=10.0, end_s=20.0)
    assert found.cut_s == pytest.approx(7.4)


@pytest.mark.parametrize(
    ("rows", "words", "says"),
    [
        (
            [*_exporter(2.0, rig="van", site="edge"), *_exporter(4.0, rig="bus", site="edge")],
            "",
            "2 exporters tell of uplinks (rig=van; rig=bus); choose one with --match LABEL=VALUE",
        ),
        (_exporter(2.0, rig="van"), "--match rig=bus", "stream.json holds no series with rig=bus"),
        (_exporter(2.0, "../evil"), "", "uplink '../evil' cannot name a trace's file"),
        (_exporter(2.0, "/evil"), "", "uplink '/evil' cannot name a trace's file"),
        (_exporter(2.0, ".."), "", "uplink '..' cannot name a trace's file"),
        (_exporter(2.0, "a\0b"), "", "uplink 'a\\x00b' cannot name a trace's file"),
    ],
    ids=["two rigs", "no such rig", "parent", "absolute", "dots", "NUL"],
)
def test_a_recording_that_is_not_one_rigs_own_is_refused(
    rows: list[tuple[dict[str, str], list[list[object]]]],
    words: str,
    says: str,
    tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
) -> None:
    """Which is meant, or what is wrong with it, is said before anything is written anywhere."""
    (tmp_path / "stream.json").write_bytes(_answer(*rows))
    asked = f"record --file {tmp_path / 'stream.json'} --out {tmp_path / 'traces'} {words}"
    assert command.main(asked.split()) == 2
    assert says in capsys.readouterr().err
    assert [path.name for path in tmp_path.iterdir()] == ["stream.json"]


@pytest.mark.parametrize(
    ("words", "says"),
    [
        ("", "give --from and --to, or a recording with --file"),
        ("--from 10 --to 10", "--from 10.0 to --to 10.0 is no time"),
        ("--from nan --to 10", "--from nan to --to 10.0 is no time"),
        ("--file /nowhere.json", "/nowhere.json cannot be read (No such file or directory)"),
        ("--file /", "/ cannot be read (Is a directory)"),
        ("--file {empty}", "is no recording (unknown because Prometheus' answer cannot be read"),
    ],
)
def test_what_cannot_be_recorded_is_told(
    words: str, says: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """One line that names what is wrong, and what to give instead."""
    (tmp_path / "empty").touch()
    asked = f"record --out {tmp_path / 'traces'} {words.format(empty=tmp_path / 'empty')}"
    assert command.main(asked.split()) == 2
    assert says in capsys.readouterr().err
    assert not (tmp_path / "traces").exists()
