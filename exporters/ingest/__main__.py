"""`python -m exporters.ingest`: command line and wiring."""

from __future__ import annotations

from pathlib import Path
from urllib.parse import urlsplit

from exporters.catalog import INGEST
from exporters.collecting import Schedule, Source
from exporters.ingest import collector
from exporters.ingest.aliases import Alias, conflicts, parse_alias
from exporters.ingest.observing import Observation, begin, observe
from exporters.ingest.parsing import parse
from exporters.ingest.reading import StatPage
from exporters.serving import Exporter, Listen, Parser, StartError, checked, main, seconds, serve


class Watch:
    """The one source: the page, and what was seen of it before."""

    def __init__(self, page: StatPage, aliases: tuple[Alias, ...]) -> None:
        self._page = page
        self._aliases = aliases
        self._seen = begin(aliases)

    async def streams(self) -> Observation:
        """Fetch the page and observe the streams."""
        at_s, page = await self._page.fetch()
        self._seen = observe(self._seen, self._aliases, parse(page), at_s)
        return self._seen


def parser() -> Parser:
    """The command line."""
    described = Parser(prog="python -m exporters.ingest", description="Prometheus exporter of an nginx-rtmp ingest.")
    described.add_argument(
        "--stat",
        type=checked(_http_url),
        default="http://127.0.0.1:8080/stat",
        metavar="URL",
        help="the rtmp_stat location of nginx; default %(default)s",
    )
    described.add_argument(
        "--stream",
        action="append",
        required=True,
        metavar="ALIAS=APP/NAME",
        type=checked(_alias),
        help="a stream and the alias to show it by; ALIAS=APP/@FILE reads its name, the key, from a file; repeatable",
    )
    described.add_argument("--interval", type=checked(seconds), default=0.2, metavar="SECONDS", help="default 0.2")
    described.add_argument("--listen", type=checked(Listen.parse), default=Listen("127.0.0.1", 12752))
    return described


def run() -> None:
    """Check the command line, then poll and serve."""
    options = parser().parse_args()
    problems = conflicts(options.stream)
    if problems:
        raise StartError("; ".join(problems))
    page = StatPage(options.stat)
    watch = Watch(page, tuple(options.stream))
    source = Source(
        "nginx_rtmp",
        watch.streams,
        collector.describe,
        Schedule(options.interval, timeout_s=1, stale_after_s=max(2.0, 3 * options.interval)),
    )
    serve(Exporter("ingest", "RTMP ingest exporter", INGEST, (source,), close=page.close), options.listen)


def _alias(text: str) -> Alias:
    try:
        return parse_alias(text, _read_key)
    except OSError as error:
        raise ValueError(f"cannot read the key file {error.filename}: {error.strerror}") from error


def _read_key(path: str) -> str:
    try:
        return Path(path).read_text(encoding="utf-8")
    except UnicodeDecodeError:
        raise ValueError(f"cannot read the key file {path}: it is no UTF-8 text") from None


def _http_url(text: str) -> str:
    parts = urlsplit(text)
    if parts.scheme != "http" or not parts.hostname or parts.username is not None:
        raise ValueError("give an http:// URL without credentials, for example http://127.0.0.1:8080/stat")
    return text


if __name__ == "__main__":
    main(run, "python -m exporters.ingest")
