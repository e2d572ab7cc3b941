"""A stream's history becomes traces: what was told, and nothing that was not."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path

import pytest

from controller.decision.model import Sample, Series, Transport
from tests.bench import __main__ as command
from tests.bench.record import ALIVE, LOWER, UPPER, RecordError, history, recorded
from tests.bench.traces import read_trace, write_trace


def told(metric: str, *samples: tuple[float, float], uplink: str | None = None, by: str = "mptcp") -> Series:
    """A series with these samples, rates in Mbit/s."""
    labels = () if uplink is None else (("uplink", uplink),)
    return Series(f"{by}_{metric}", labels, tuple(Sample(t_s, mbps * 125_000.0) for t_s, mbps in samples))


def alive(*times_s: float) -> Series:
    """The exporter's clock at these times."""
    return Series(f"mptcp_{ALIVE}", (), tuple(Sample(t_s, t_s) for t_s in times_s))


def test_the_upper_bound_speaks_where_it_is_told_and_else_the_lower() -> None:
    """While a queue stood the trace is what the uplink carried then; otherwise what it was seen to carry."""
    found = recorded(
        [
            alive(10, 11, 12),
            told(LOWER, (10, 2.0), (11, 3.0), (12, 3.0), uplink="a"),
            told(UPPER, (10, 2.5), uplink="a"),
        ],
        begin_s=10.0,
        end_s=14.0,
    )
    assert found.rates["a"].tolist() == [2_500.0] * 26 + [3_000.0] * 14
    assert found.cut_s == 0.0


def test_an_uplink_without_a_subflow_carried_nothing() -> None:
    """Nothing told of an uplink while the exporter lives is zero, not unknown."""
    found = recorded([alive(10, 12, 14), told(LOWER, (10, 2.0), uplink="a")], begin_s=10.0, end_s=15.0)
    assert found.rates["a"].tolist() == [2_000.0] * 26 + [0.0] * 24


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
    [([], "the exporter told nothing"), ([alive(10.0)], "no uplink's capacity was told")],
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
