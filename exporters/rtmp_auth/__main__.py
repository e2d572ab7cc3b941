"""`python -m exporters.rtmp_auth`: command line and wiring."""

from __future__ import annotations

import logging
import math
import secrets
import time
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from exporters.catalog import RTMP_AUTH
from exporters.collecting import Point, Schedule, Source
from exporters.rtmp_auth.collector import describe
from exporters.rtmp_auth.desk import Desk, Moment
from exporters.rtmp_auth.keys import Hash, hasher
from exporters.rtmp_auth.reading import KeysFile, OtherService
from exporters.rtmp_auth.service import Service
from exporters.rtmp_auth.throttling import Limits, Throttle
from exporters.serving import Exporter, Listen, Parser, StartError, checked, main, serve

_log = logging.getLogger(__name__)


def _now() -> Moment:
    return Moment(time.monotonic(), time.time())


class Keeper:
    """The source of the keys: each poll takes a new version of the file, and keeps the old one when that is bad."""

    def __init__(self, file: KeysFile, desk: Desk) -> None:
        self._file = file
        self._desk = desk
        self._loaded_s = 0.0

    async def loaded_s(self) -> float:
        """When the keys in use were taken, seconds since the epoch. Raises ReadError."""
        table = await self._file.changed()
        if table is not None:
            self._desk.table, self._loaded_s = table, time.time()
            _log.info("%d keys for %d applications", sum(len(keys) for keys in table.values()), len(table))
        return self._loaded_s


def parser() -> Parser:
    """The command line."""
    described = Parser(
        prog="python -m exporters.rtmp_auth",
        description="Answers nginx-rtmp's on_publish, on_update, on_publish_done and on_play, and counts the answers.",
    )
    described.add_argument(
        "--keys", type=Path, required=True, metavar="FILE", help='JSON: {"application": ["key", ...]}'
    )
    described.add_argument(
        "--answer",
        type=checked(Listen.parse),
        default=Listen("127.0.0.1", 12756),
        metavar="HOST:PORT",
        help="where nginx asks: POST /auth/; default %(default)s",
    )
    described.add_argument("--failures", type=checked(_count), default=5, help="that block an address; default 5")
    described.add_argument(
        "--silent",
        type=checked(_wait),
        default=90.0,
        metavar="SECONDS",
        help="without an update end a session; three times nginx's notify_update_timeout; default 90",
    )
    described.add_argument(
        "--other", type=checked(_url), metavar="URL", help="an nginx-rtmp-auth beside this one, watched for life"
    )
    described.add_argument("--listen", type=checked(Listen.parse), default=Listen("127.0.0.1", 12757))
    return described


def run() -> None:
    """Check the command line, then answer, poll and serve."""
    options = parser().parse_args()
    digest = hasher(secrets.token_bytes(32))
    desk = Desk(digest, Throttle(Limits(failures=options.failures)), silent_s=options.silent)
    service = Service(desk, _now, host=options.answer.host, port=options.answer.port)
    other = None if options.other is None else OtherService(options.other)

    async def start() -> None:
        try:
            await service.start()
        except OSError as error:
            raise StartError(
                f"cannot listen on {options.answer}: {error.strerror}; choose another with --answer"
            ) from error

    async def close() -> None:
        await service.close()
        if other is not None:
            await other.close()

    sources: list[Source[Any]] = [_keys(options.keys, digest, desk), _attempts(desk)]
    if other is not None:
        sources.append(_other(other))
    title = "RTMP authentication and its exporter"
    serve(Exporter("rtmp_auth", title, RTMP_AUTH, sources, close=close, start=start), options.listen)


def _keys(path: Path, digest: Hash, desk: Desk) -> Source[float]:
    keeper = Keeper(KeysFile(path, digest), desk)
    return Source(
        "keys",
        keeper.loaded_s,
        lambda loaded_s: [Point("rtmp_auth_keys_loaded_timestamp_seconds", loaded_s)],
        Schedule(1.0, timeout_s=1.0, stale_after_s=math.inf),  # keys in use stay in use
    )


def _attempts(desk: Desk) -> Source[None]:
    async def tidy() -> None:
        desk.tidy(_now())

    # Described as of the scrape: the books are ours, and never stale.
    return Source("attempts", tidy, lambda _: describe(desk, _now()), Schedule(1.0, 1.0, stale_after_s=math.inf))


def _other(other: OtherService) -> Source[bool]:
    return Source(
        "other",
        other.answers,
        lambda answers: [Point("rtmp_auth_other_answers", float(answers))],
        Schedule(5.0, timeout_s=2.0, stale_after_s=15.0),
    )


def _count(text: str) -> int:
    if not text.isascii() or not text.isdigit() or not 1 <= int(text) <= 1000:
        raise ValueError(f"{text!r} is not a number between 1 and 1000")
    return int(text)


def _wait(text: str) -> float:
    if not text.isascii() or not text.isdigit() or not 1 <= int(text) <= 3600:
        raise ValueError(f"{text!r} is not a number of seconds between 1 and 3600")
    return float(text)


def _url(text: str) -> str:
    parts = urlsplit(text)
    if parts.scheme not in {"http", "https"} or not parts.hostname or parts.username is not None:
        raise ValueError("give an http:// or https:// URL without credentials, for example http://127.0.0.1:88/auth/")
    return text


if __name__ == "__main__":
    main(run, "python -m exporters.rtmp_auth")
