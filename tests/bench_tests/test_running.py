"""Runs, rows, the cache, the floors and the command line."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from controller.decision.policies import ADAPTIVE
from tests.bench import __main__ as command
from tests.bench import floors
from tests.bench.caching import cache_dir, cached
from tests.bench.link import Transport
from tests.bench.matrix import Matrix, compute
from tests.bench.report import table, write_json
from tests.bench.rows import Row, row
from tests.bench.running import BASE, ORACLE, Result, run
from tests.bench.score import Measures, Reaction
from tests.bench.simulation import ChangeCost, Timing
from tests.bench.traces import Pair, write_trace

TCP, LIVE = Transport.TCP, ChangeCost.LIVE


def result(
    pair: str, *, qoe: float, scored_s: float = 100.0, times_s: tuple[float, ...] = (), never: int = 0
) -> Result:
    """A result with the given QoE; everything else is ordinary."""
    measures = Measures(
        scored_s=scored_s,
        qoe=qoe,
        delivered_mbps=2.0,
        usable_mbps=4.0,
        frozen_s_per_h=36.0,
        freezes_per_h=1.0,
        p95_s=0.1,
        p99_s=0.2,
        switches_per_h=3.0,
        restarts_per_h=4.0,
        outage_s_per_h=8.0,
        reaction=Reaction(times_s, never),
    )
    return Result(pair, "native", measures)


def judged(results: list[Result], base: list[Result], oracle: list[Result], policy: str = "adaptive") -> Row:
    """The row of these results."""
    return row(set_name="synthetic", model=TCP, cost=LIVE, policy=policy, results=results, base=base, oracle=oracle)


def bumpy(name: str = "bumpy", seconds: int = 90) -> Pair:
    """A pair with a fade in its scored part."""
    first = np.full(seconds * 10, 4_000.0)
    first[650:750] = 300.0
    return Pair(name, first, np.full(seconds * 10, 800.0))


def test_s_is_0_at_the_base_and_100_at_the_oracle() -> None:
    """QoE half-way between the anchors is S 50, averaged over pairs with their scored seconds."""
    base = [result("a", qoe=1.0), result("b", qoe=2.0, scored_s=300.0)]
    oracle = [result("a", qoe=3.0), result("b", qoe=4.0, scored_s=300.0)]
    half = [result("a", qoe=2.0), result("b", qoe=3.0, scored_s=300.0)]
    assert [judged(some, base, oracle).s for some in (base, half, oracle)] == pytest.approx([0.0, 50.0, 100.0])
    assert judged(base, base, oracle).qoe == pytest.approx(1.75)


def test_the_worst_pair_is_named() -> None:
    """The pair with the least gain over fixed 2.5 stands in the row, by how much."""
    found = judged(
        [result("a", qoe=2.0), result("b", qoe=1.0)],
        [result("a", qoe=1.0), result("b", qoe=1.5)],
        [result("a", qoe=4.0), result("b", qoe=4.0)],
    )
    assert (found.worst_pair, found.worst_pair_qoe_over_fixed_2_5) == ("b", -0.5)


def test_reaction_is_weighted_with_the_number_of_deficits() -> None:
    """Three deficits of 1 s and one of 5 s have the median 2 s; one of four never reacted."""
    results = [result("a", qoe=1.0, times_s=(1.0, 1.0, 1.0)), result("b", qoe=1.0, times_s=(5.0,), never=1)]
    found = judged(results, results, [result("a", qoe=2.0), result("b", qoe=2.0)])
    assert (found.react_p50_s, found.react_never) == (2.0, 0.25)


def test_a_run_is_deterministic() -> None:
    """The same policy on the same pair gives the same columns to the last digit."""
    assert run("adaptive", bumpy(), Transport.TCP_HOL) == run("adaptive", bumpy(), Transport.TCP_HOL)


def test_a_policy_may_be_given_as_a_value() -> None:
    """A product policy under tuning runs like a shipped one."""
    assert run(replace(ADAPTIVE, name="tuned"), bumpy(), TCP) == run("adaptive", bumpy(), TCP)


def test_an_unknown_policy_is_refused_with_the_choices() -> None:
    """A name that no policy has is an error that lists the names."""
    with pytest.raises(ValueError, match="policy 'best' is not known: choose among adaptive, locked"):
        run("best", bumpy(), TCP)


def test_an_oracle_is_computed_once(tmp_path: Path) -> None:
    """A second call reads what the first stored; another pair or cost is another entry."""
    calls: list[str] = []

    def compute_it() -> Result:
        calls.append("called")
        return run(ORACLE, bumpy(seconds=70), TCP)

    def ask(pair: Pair, cost: ChangeCost = LIVE) -> Result:
        return cached(ORACLE, pair, TCP, cost, directory=tmp_path, compute=compute_it)

    first = ask(bumpy(seconds=70))
    assert ask(bumpy(seconds=70)) == first
    assert len(calls) == 1
    ask(bumpy(seconds=71))
    ask(bumpy(seconds=70), ChangeCost.RESTART)
    assert len(calls) == 3


def test_a_damaged_entry_is_computed_again(tmp_path: Path) -> None:
    """Half a file in the cache is no answer."""
    pair, whole = bumpy(), result("bumpy", qoe=1.0)
    cached(ORACLE, pair, TCP, LIVE, directory=tmp_path, compute=lambda: whole)
    for path in tmp_path.iterdir():
        path.write_text(path.read_text()[:40])
    assert cached(ORACLE, pair, TCP, LIVE, directory=tmp_path, compute=lambda: whole) == whole


def test_where_nothing_can_be_kept_the_result_is_computed(tmp_path: Path) -> None:
    """A cache that is no directory costs time, and nothing else."""
    (tmp_path / "cache").touch()
    found = cached(ORACLE, bumpy(), TCP, LIVE, directory=tmp_path / "cache", compute=lambda: result("bumpy", qoe=1.0))
    assert found.qoe == 1.0


@pytest.mark.parametrize(
    ("environment", "where"),
    [({"XDG_CACHE_HOME": "/c", "HOME": "/h"}, "/c/vvlive/bench"), ({"HOME": "/h"}, "/h/.cache/vvlive/bench")],
)
def test_the_cache_lies_outside_of_the_repository(environment: dict[str, str], where: str) -> None:
    """Results are kept where the user's caches are."""
    assert str(cache_dir(environment)) == where


def test_a_score_below_its_floor_is_told() -> None:
    """A row under its floor gives a line that names it; one without a floor or at it gives none."""
    found = judged([result("a", qoe=2.0)], [result("a", qoe=1.0)], [result("a", qoe=3.0)])
    assert floors.fallen([found], {"tcp/live/adaptive": 50.0}) == []
    assert floors.fallen([found], {}) == []
    (line,) = floors.fallen([found], {"tcp/live/adaptive": 50.1})
    assert line.startswith("tcp/live/adaptive: S 50.0 is below its floor 50.1")


def test_floors_only_rise() -> None:
    """A better run raises a floor to half a point below itself; a worse one leaves it; baselines have none."""
    found = judged([result("a", qoe=2.0)], [result("a", qoe=1.0)], [result("a", qoe=3.0)])
    assert floors.raised([found], {}) == {"tcp/live/adaptive": 49.5}
    assert floors.raised([found], {"tcp/live/adaptive": 60.0}) == {"tcp/live/adaptive": 60.0}
    assert floors.raised([replace(found, policy="aimd")], {}) == {}


def test_one_drive_has_floors_of_its_own() -> None:
    """A row of that drive alone is held by its own key; one of a stratum, or of recordings, by none."""
    found = judged([result("a", qoe=2.0)], [result("a", qoe=1.0)], [result("a", qoe=3.0)])
    alone, stress, given = (replace(found, set=name) for name in ("synthetic: crowd 2", "synthetic: stress", "drives"))
    assert floors.raised([alone, stress, given], {}) == {"crowd 2/tcp/live/adaptive": 49.5}
    assert floors.fallen([alone, stress, given], {"tcp/live/adaptive": 60.0}) == []
    (line,) = floors.fallen([alone, stress, given], {"crowd 2/tcp/live/adaptive": 60.0})
    assert line.startswith("crowd 2/tcp/live/adaptive: S 50.0 is below its floor 60.0")


def test_a_matrix_gives_a_row_for_everything_asked(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Anchors are computed unasked, rows come in the order asked, by stratum too, and progress counts to the end."""
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path))
    pairs = (bumpy(seconds=70), replace(bumpy("other", 75), stratum="stress"))
    seen: list[tuple[int, int]] = []
    matrix = Matrix("small", pairs, ("aimd", "obs-like"), (TCP, Transport.SRT), (LIVE,), Timing(), by_stratum=True)
    rows = compute(matrix, jobs=2, progress=lambda done, total, _: seen.append((done, total)))
    assert [(one.set, one.model, one.policy) for one in rows] == [
        (name, model, policy)
        for name in ("small", "small: native", "small: stress")
        for model, policies in (("tcp", ("aimd", "obs-like")), ("srt", ("aimd",)))
        for policy in policies
    ]
    assert seen == [(number, 14) for number in range(1, 15)]
    assert list(tmp_path.rglob("*.json"))


def test_a_pair_may_have_rows_of_its_own(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A pair that is named has the rows that it has where it is played alone, beside those of the whole set."""
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path))
    pairs = (bumpy(seconds=70), bumpy("other", 75))
    both = Matrix("two", pairs, ("aimd",), (TCP,), (LIVE,), Timing(), alone=("other",))
    whole, other = compute(both, jobs=1, progress=lambda *_: None)
    assert (whole.set, other.set) == ("two", "two: other")
    one = replace(both, set_name="two: other", pairs=pairs[1:], alone=())
    assert compute(one, jobs=1, progress=lambda *_: None) == [other]


def test_rows_are_printed_best_first_and_written_whole(tmp_path: Path) -> None:
    """The table sorts by S; the JSON is a list with every column of the rows."""
    base, oracle = [result("a", qoe=1.0)], [result("a", qoe=3.0)]
    low, high = judged(base, base, oracle, BASE), judged(oracle, base, oracle, ORACLE)
    text = table([low, high])
    assert text.index(ORACLE) < text.index("fixed 2.5  ")
    write_json(tmp_path / "rows.json", [low, high])
    (first, second) = json.loads((tmp_path / "rows.json").read_text())
    assert (first["policy"], first["s"], second["s"]) == (BASE, 0.0, 100.0)
    wanted = {"set", "model", "change_cost", "policy", "s", "delivered_mbps", "frozen_s_per_h", "react_p50_s"}
    wanted |= {"react_p90_s", "react_never", "utilisation", "p95_s", "p99_s", "switches_per_h", "restarts_per_h", "qoe"}
    wanted |= {"exposed_s_per_h", "covered_within_2s", "shown_while_fine_s_per_h", "out_of_band_s_per_h"}
    assert wanted <= set(first)


def test_the_command_runs_on_given_traces(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """Two files give a native and a stress pair, a table on stdout and rows as JSON; a third one is said to be left."""
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    pair = bumpy(seconds=70)
    (tmp_path / "recorded").mkdir()
    for name, rates in (("a", pair.first), ("b", pair.second), ("c", pair.second)):
        write_trace(tmp_path / "recorded" / f"{name}.csv", rates)
    out = tmp_path / "rows.json"
    words = f"--traces {tmp_path / 'recorded'} --mode tcp --policy aimd --policy adaptive --jobs 1 --json {out}"
    assert command.main(words.split()) == 0
    told = capsys.readouterr()
    assert "== recorded, tcp, change cost live" in told.out
    assert "bench: not played, for want of a second one or beside the open pairs: c.csv\n" in told.err
    assert [one["policy"] for one in json.loads(out.read_text())] == ["aimd", "adaptive"]


def test_the_command_holds_the_product_against_its_targets(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """After the table each promise stands beside what was measured; a missed one is exit code 1."""
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    pair = bumpy(seconds=70)
    for name, rates in (("a", pair.first), ("b", pair.second)):
        write_trace(tmp_path / f"{name}.csv", rates)
    words = f"--traces {tmp_path} --mode tcp --policy adaptive --jobs 1 --targets"
    code, told = command.main(words.split()), capsys.readouterr().out
    assert ", tcp, live: S |" in told
    assert code == ("MISSED" in told)


@pytest.mark.parametrize(
    ("words", "says"),
    [
        ("--traces /nowhere", "/nowhere: is no directory"),
        ("--json /nowhere/rows.json", "--json /nowhere/rows.json cannot be written; name a file in a directory"),
        ("--json /", "--json / cannot be written"),
        ("--period nan", "--period is nan"),
        ("--period 1e9", "so give that or more, to 60"),
        ("--lag nan", "--lag is nan"),
        ("--traces /nowhere --pairs open", "no such trace"),
        ("--set synthetic --traces /nowhere", "exclude each other"),
        ("--pairs open", "--pairs chooses among recordings; say with --traces where they are"),
        ("--pairs auto", "--pairs chooses among recordings"),
        ("--raise-floors --traces /nowhere", "leave out --traces, --period, --lag and --latency"),
        ("--raise-floors --period 0.25", "--raise-floors keeps scores of our own traces at the default timing"),
        ("--raise-floors --latency 0.2", "--raise-floors keeps scores of our own traces"),
        ("--raise-floors --policy aimd", "--raise-floors keeps scores of adaptive and locked; name one of them"),
        ("--mode srt --policy obs-like", "--policy obs-like does not exist with --mode srt; leave out one of them"),
        ("--mode tcp --mode srt --policy aimd --policy obs-like", "--policy obs-like does not exist with --mode srt"),
        ("--targets --policy locked", "--targets judges adaptive; name it with --policy, too"),
        ("--period 0", "--period is 0.0"),
        ("--period 0.05", "--period is 0.05; the model has steps of 0.1 s, so give that or more"),
        ("--lag 0.25", "--lag is 0.25; the model has steps of 0.1 s"),
        ("--latency -1", "--latency is -1.0"),
    ],
)
def test_what_cannot_be_run_is_refused(words: str, says: str, capsys: pytest.CaptureFixture[str]) -> None:
    """A command line that makes no sense ends with 2 and says why."""
    assert command.main(words.split()) == 2
    assert says in capsys.readouterr().err
