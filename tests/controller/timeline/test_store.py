"""The file: what is committed stays, what comes twice is once, and it stays within its bounds."""

from __future__ import annotations

import os
import signal
import sqlite3
import subprocess
import sys
from dataclasses import replace
from typing import TYPE_CHECKING

import pytest
from hypothesis import given
from hypothesis import strategies as st

from controller.timeline.ledger import Counter, Ledger
from controller.timeline.records import Happening, Kind, Session
from controller.timeline.store import NAME, Store

if TYPE_CHECKING:
    from pathlib import Path


def happening(number: int, *, kind: Kind = Kind.DEVICE, at_s: float = 1e9, text: str = "") -> Happening:
    """An event."""
    return Happening(at_s=at_s + number, kind=kind, subject="obs", text=text or f"event {number}", data={"n": number})


def test_what_was_kept_is_there_in_its_order(tmp_path: Path) -> None:
    """Another process over the same file reads the same events, under the same log name."""
    first = Store(tmp_path)
    first.add([happening(1), happening(2)])
    first.close()
    second = Store(tmp_path)
    second.add([happening(3)])

    assert [(one.number, one.happening) for one in second.events()] == [(n, happening(n)) for n in (1, 2, 3)]
    assert second.log_name == first.log_name


def test_events_are_found_by_number_time_and_kind() -> None:
    """Each filter leaves what it says."""
    store = Store(None)
    store.add([happening(n, kind=Kind.UPLINK if n % 2 else Kind.ALERT) for n in range(1, 11)])

    def found(**query: object) -> list[int]:
        return [one.number for one in store.events(**query)]  # type: ignore[arg-type] # the test's own table

    assert found(after=8) == [9, 10]
    assert found(limit=2, newest_first=True) == [10, 9]
    assert found(kinds=[Kind.UPLINK], limit=2) == [1, 3]
    assert found(since_s=1e9 + 9) == [9, 10]
    assert found(until_s=1e9 + 2) == [1, 2]
    assert store.newest() == 10


@given(st.lists(st.integers(1, 30), max_size=60), st.integers(1, 10))
def test_events_of_another_log_are_kept_once_each(numbers: list[int], size: int) -> None:
    """However often batches are sent again, each event of the other log is kept once."""
    store = Store(None)
    store.add([happening(0)])
    everything = list(range(1, 31))
    for number in [*numbers, 0]:
        batch = everything[number : number + size] if number else everything
        # A sender goes on after what was received, or sends again what it got no answer to.
        if batch and batch[0] <= store.received("edge") + 1:
            store.add_foreign("edge", [(n, happening(n)) for n in batch])
    kept = [one.happening.data["n"] for one in store.events(limit=1000) if one.origin == "edge"]

    assert kept == everything
    assert store.received("edge") == 30
    assert [one.happening.data["n"] for one in store.events(own=True)] == [0]
    store.close()


def test_what_was_received_is_known_after_the_events_are_forgotten() -> None:
    """An old batch that comes again after the pruning is not kept anew."""
    store = Store(None)
    store.add_foreign("edge", [(n, happening(n)) for n in range(1, 5)])
    store.prune(before_s=1e12, most_bytes=10**9)

    assert store.add_foreign("edge", [(n, happening(n)) for n in range(3, 6)]) == 5
    assert [one.happening.data["n"] for one in store.events()] == [5]


def test_sessions_and_ledger_are_what_was_put(tmp_path: Path) -> None:
    """Both survive the process; a session keeps its number."""
    store = Store(tmp_path)
    session = store.put_session(Session(started_s=1.0, seen_s=2.0, live_s=1.0, states={"HIGH": 1.0}))
    store.put_session(replace(session, ended_s=2.0))
    ledger = Ledger(counters={"c": Counter(5.0, 7.0)}, months={("a", "2026-11-01"): 12.0})
    store.put_ledger(ledger)
    store.close()
    again = Store(tmp_path)

    assert again.ledger() == ledger
    assert [(one.number, one.ended_s, one.states) for one in again.sessions()] == [(1, 2.0, {"HIGH": 1.0})]


def test_pruning_keeps_the_newest_within_the_bounds(tmp_path: Path) -> None:
    """Old events go by age, then the oldest by size; sums and numbers stay."""
    store = Store(tmp_path)
    store.add([happening(n, text="x" * 500) for n in range(1, 6_001)])
    store.put_ledger(Ledger(months={("a", "2026-11-01"): 12.0}))
    store.prune(before_s=1e9 + 101, most_bytes=1_000_000)
    left = [one.number for one in store.events(limit=10_000)]
    size = (tmp_path / NAME).stat().st_size

    assert left[-1] == 6_000
    assert left == list(range(left[0], 6_001))
    assert 101 <= left[0] < 6_000
    assert store.used_bytes() <= 1_000_000
    assert size < 3_000_000
    store.add([happening(6_001)])
    assert store.newest() == 6_001
    assert store.ledger().of("a", "2026-11-01") == 12.0


def test_a_damaged_file_is_put_aside(tmp_path: Path) -> None:
    """The controller starts, and what can still be read of the old file is not destroyed."""
    (tmp_path / NAME).write_bytes(b"this is no database" * 1_000)
    store = Store(tmp_path)
    store.add([happening(1)])

    assert store.newest() == 1
    assert (tmp_path / "timeline.damaged").read_bytes().startswith(b"this is no database")


def test_a_batch_is_kept_whole_or_not_at_all() -> None:
    """A value that cannot be written takes its batch with it, and nothing of it stays."""
    store = Store(None)
    with pytest.raises(ValueError, match="Out of range"):
        store.add([happening(1), Happening(1.0, Kind.ALERT, "a", "b", {"n": float("nan")})])

    assert store.events() == ()


def test_kill_9_loses_nothing_that_was_committed(tmp_path: Path) -> None:
    """A process killed in the middle of writing leaves whole batches, the announced ones all."""
    program = (
        "import sys; from pathlib import Path\n"
        "from controller.timeline.store import Store\n"
        "from controller.timeline.records import Happening, Kind\n"
        "store, n = Store(Path(sys.argv[1])), 0\n"
        "while True:\n"
        "    store.add([Happening(1.0, Kind.ALERT, 'a', 'b', {'n': n, 'half': h}) for h in (0, 1)])\n"
        "    print(n, flush=True); n += 1\n"
    )
    process = subprocess.Popen([sys.executable, "-c", program, str(tmp_path)], stdout=subprocess.PIPE, text=True)
    assert process.stdout is not None
    with process.stdout as lines:
        announced = [int(next(lines)) for _ in range(25)][-1]
        os.kill(process.pid, signal.SIGKILL)
        process.wait()
    kept = [(one.happening.data["n"], one.happening.data["half"]) for one in Store(tmp_path).events(limit=100_000)]

    assert kept == [(n, half) for n in range(len(kept) // 2) for half in (0, 1)]
    assert len(kept) // 2 > announced


def test_a_file_that_another_holds_is_no_damage(tmp_path: Path) -> None:
    """Two readers and a writer at once are what write-ahead mode is for."""
    store, reader = Store(tmp_path), sqlite3.connect(tmp_path / NAME)
    reader.execute("BEGIN")
    reader.execute("SELECT COUNT(*) FROM events").fetchone()
    store.add([happening(1)])
    reader.close()

    assert store.newest() == 1


def test_a_full_disk_is_told_as_that_and_leaves_the_file_usable(tmp_path: Path) -> None:
    """SQLite ends the transaction itself; the error that comes out is its own, and with room again all goes on."""
    store = Store(tmp_path)
    store._connection.execute("PRAGMA max_page_count = 1").fetchall()  # noqa: SLF001 - a full disk without one
    with pytest.raises(sqlite3.OperationalError, match="database or disk is full"):
        store.add([Happening(1.0, Kind.ALERT, "s", "t" * 10_000)] * 50)
    store._connection.execute("PRAGMA max_page_count = 100000").fetchall()  # noqa: SLF001 - idem
    store.add([Happening(2.0, Kind.ALERT, "s", "kept")])

    assert [one.happening.text for one in store.events()] == ["kept"]
    store.close()
