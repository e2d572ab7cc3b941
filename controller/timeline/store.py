"""The timeline in one SQLite file, in write-ahead mode: a crash loses nothing that was committed.

Everything here blocks for as long as the disk takes; `keeper` calls it from a thread of its own.
"""

from __future__ import annotations

import json
import logging
import sqlite3
import threading
import uuid
from contextlib import contextmanager
from dataclasses import asdict
from typing import TYPE_CHECKING, Any

from controller.timeline.ledger import Counter, Ledger
from controller.timeline.records import Happening, Kept, Kind, Session

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator
    from pathlib import Path

_log = logging.getLogger(__name__)
NAME = "timeline.sqlite"
_TABLES = """
CREATE TABLE IF NOT EXISTS facts (name TEXT PRIMARY KEY, value TEXT NOT NULL) WITHOUT ROWID;
CREATE TABLE IF NOT EXISTS events (
    number INTEGER PRIMARY KEY AUTOINCREMENT,
    at_s REAL NOT NULL, kind TEXT NOT NULL, subject TEXT NOT NULL, text TEXT NOT NULL, data TEXT NOT NULL,
    origin TEXT NOT NULL DEFAULT '', origin_number INTEGER, UNIQUE (origin, origin_number)
);
CREATE INDEX IF NOT EXISTS events_at ON events (at_s);
CREATE TABLE IF NOT EXISTS sessions (
    number INTEGER PRIMARY KEY AUTOINCREMENT, started_s REAL NOT NULL, seen_s REAL NOT NULL, ended_s REAL,
    summary TEXT NOT NULL
);
CREATE TABLE IF NOT EXISTS counters (name TEXT PRIMARY KEY, t_s REAL NOT NULL, value REAL NOT NULL) WITHOUT ROWID;
CREATE TABLE IF NOT EXISTS months (
    uplink TEXT NOT NULL, month TEXT NOT NULL, octets REAL NOT NULL, PRIMARY KEY (uplink, month)
) WITHOUT ROWID;
"""
_SUMMARY = ("live_s", "late_s", "gone_s", "unknown_s", "states", "octets")
# Of the oldest events, whenever the file is above its bound.
_PRUNED_AT_ONCE = 1_000


class Store:
    """The file in `directory`; without one, the same in memory."""

    def __init__(self, directory: Path | None) -> None:
        self._lock = threading.Lock()
        self._path = None if directory is None else directory / NAME
        try:
            self._connection = self._opened()
        except sqlite3.DatabaseError as error:
            if self._path is None:
                raise
            damaged = self._path.with_suffix(".damaged")
            _log.warning("the timeline is begun anew: %s is damaged (%s); it is kept as %s", self._path, error, damaged)
            self._path.replace(damaged)
            for rest in ("-wal", "-shm"):
                self._path.with_name(NAME + rest).unlink(missing_ok=True)
            self._connection = self._opened()
        self.log_name = self._fact("log", str(uuid.uuid4()))

    def _opened(self) -> sqlite3.Connection:
        connection = sqlite3.connect(
            self._path or ":memory:", check_same_thread=False, isolation_level=None, timeout=5.0
        )
        try:
            connection.execute("PRAGMA auto_vacuum = INCREMENTAL")
            connection.execute("PRAGMA journal_mode = WAL")
            connection.execute("PRAGMA synchronous = NORMAL")
            connection.execute("PRAGMA journal_size_limit = 4000000")
            connection.executescript(_TABLES)
        except sqlite3.DatabaseError:
            connection.close()
            raise
        return connection

    @contextmanager
    def _written(self) -> Iterator[sqlite3.Connection]:
        with self._lock:
            self._connection.execute("BEGIN IMMEDIATE")
            try:
                yield self._connection
            except BaseException:
                if self._connection.in_transaction:  # a full disk ends it before we do
                    self._connection.execute("ROLLBACK")
                raise
            self._connection.execute("COMMIT")

    def _read(self, query: str, *values: object) -> list[Any]:
        with self._lock:
            return self._connection.execute(query, values).fetchall()

    def _fact(self, name: str, value: str) -> str:
        with self._written() as connection:
            connection.execute("INSERT OR IGNORE INTO facts VALUES (?, ?)", (name, value))
        return str(self._read("SELECT value FROM facts WHERE name = ?", name)[0][0])

    def add(self, happenings: Iterable[Happening]) -> None:
        """Keep events of our own, in their order."""
        with self._written() as connection:
            connection.executemany(
                "INSERT INTO events (at_s, kind, subject, text, data) VALUES (?, ?, ?, ?, ?)",
                [_row(one) for one in happenings],
            )

    def add_foreign(self, origin: str, happenings: Iterable[tuple[int, Happening]]) -> int:
        """Keep events of the log `origin` by their numbers there, each once; the highest number kept of it."""
        # The mark outlives the events themselves, which are pruned one day.
        mark = f"received {origin}"
        with self._written() as connection:
            known = connection.execute("SELECT value FROM facts WHERE name = ?", (mark,)).fetchone()
            highest = int(known[0]) if known else 0
            fresh = [(number, one) for number, one in happenings if number > highest]
            connection.executemany(
                "INSERT OR IGNORE INTO events (at_s, kind, subject, text, data, origin, origin_number)"
                " VALUES (?, ?, ?, ?, ?, ?, ?)",
                [(*_row(one), origin, number) for number, one in fresh],
            )
            highest = max([highest, *(number for number, _ in fresh)])
            connection.execute("INSERT OR REPLACE INTO facts VALUES (?, ?)", (mark, str(highest)))
        return highest

    def received(self, origin: str) -> int:
        """The highest number kept of the log `origin`; 0 for none."""
        found = self._read("SELECT value FROM facts WHERE name = ?", f"received {origin}")
        return int(found[0][0]) if found else 0

    def events(  # noqa: PLR0913 - a query's parts
        self,
        *,
        after: int = 0,
        since_s: float = 0.0,
        until_s: float = 1e12,
        kinds: Iterable[Kind] = (),
        limit: int = 100,
        newest_first: bool = False,
        own: bool = False,
    ) -> tuple[Kept, ...]:
        """Events numbered above `after`, from `since_s` to `until_s`; of `kinds` only, where some are given."""
        wanted = [str(kind) for kind in kinds]
        marks = ",".join("?" * len(wanted))
        found = self._read(
            "SELECT number, at_s, kind, subject, text, data, origin FROM events"  # noqa: S608 - only marks are put in
            " WHERE number > ? AND at_s >= ? AND at_s <= ?"
            + (f" AND kind IN ({marks})" if wanted else "")
            + (" AND origin = ''" if own else "")
            + f" ORDER BY number {'DESC' if newest_first else 'ASC'} LIMIT ?",
            *(after, since_s, until_s, *wanted, limit),
        )
        return tuple(
            Kept(number, Happening(at_s, Kind(kind), subject, text, json.loads(data)), origin)
            for number, at_s, kind, subject, text, data, origin in found
        )

    def newest(self) -> int:
        """The number of the newest event; 0 when there was none."""
        return int(self._read("SELECT COALESCE(MAX(number), 0) FROM events")[0][0])

    def put_session(self, session: Session) -> Session:
        """Keep `session`, in place of what was kept under its number; with its number."""
        summary = json.dumps({name: value for name, value in asdict(session).items() if name in _SUMMARY})
        with self._written() as connection:
            row = connection.execute(
                "INSERT OR REPLACE INTO sessions (number, started_s, seen_s, ended_s, summary) VALUES (?, ?, ?, ?, ?)"
                " RETURNING number",
                (session.number, session.started_s, session.seen_s, session.ended_s, summary),
            ).fetchone()
        return _session(row[0], session.started_s, session.seen_s, session.ended_s, summary)

    def sessions(self, *, limit: int = 100) -> tuple[Session, ...]:
        """The last sessions, newest first."""
        query = "SELECT number, started_s, seen_s, ended_s, summary FROM sessions ORDER BY number DESC LIMIT ?"
        return tuple(_session(*row) for row in self._read(query, limit))

    def put_ledger(self, ledger: Ledger) -> None:
        """Keep the ledger."""
        with self._written() as connection:
            connection.executemany(
                "INSERT OR REPLACE INTO counters VALUES (?, ?, ?)",
                [(name, one.t_s, one.value) for name, one in ledger.counters.items()],
            )
            connection.executemany(
                "INSERT OR REPLACE INTO months VALUES (?, ?, ?)",
                [(uplink, month, octets) for (uplink, month), octets in ledger.months.items()],
            )

    def ledger(self) -> Ledger:
        """The ledger as kept."""
        counters = self._read("SELECT name, t_s, value FROM counters")
        months = self._read("SELECT uplink, month, octets FROM months")
        return Ledger(
            counters={name: Counter(t_s, value) for name, t_s, value in counters},
            months={(uplink, month): octets for uplink, month, octets in months},
        )

    def prune(self, *, before_s: float, most_bytes: int) -> None:
        """Forget events and ended sessions older than `before_s`, then the oldest events above `most_bytes`."""
        with self._written() as connection:
            connection.execute("DELETE FROM events WHERE at_s < ?", (before_s,))
            connection.execute("DELETE FROM sessions WHERE ended_s < ?", (before_s,))
        while self.used_bytes() > most_bytes:
            with self._written() as connection:
                gone = connection.execute(
                    "DELETE FROM events WHERE number IN (SELECT number FROM events ORDER BY number LIMIT ?)",
                    (_PRUNED_AT_ONCE,),
                ).rowcount
            if gone == 0:
                break
        with self._lock:
            # As a script, which is stepped to its end; `execute` gives one page back.
            self._connection.executescript("PRAGMA incremental_vacuum")
            self._connection.execute("PRAGMA wal_checkpoint(TRUNCATE)").fetchall()

    def used_bytes(self) -> int:
        """What the tables take."""
        pages, free, size = (
            self._read(f"PRAGMA {name}")[0][0] for name in ("page_count", "freelist_count", "page_size")
        )
        return int((pages - free) * size)

    def close(self) -> None:
        """Give the file back."""
        with self._lock:
            self._connection.close()


def _row(one: Happening) -> tuple[float, str, str, str, str]:
    return one.at_s, str(one.kind), one.subject, one.text, json.dumps(dict(one.data), allow_nan=False)


def _session(number: int, started_s: float, seen_s: float, ended_s: float | None, summary: str) -> Session:
    return Session(started_s=started_s, seen_s=seen_s, ended_s=ended_s, number=number, **json.loads(summary))
