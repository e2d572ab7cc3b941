"""`python -m exporters.ingest`: command line and wiring."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from urllib.parse import urlsplit

from exporters.catalog import INGEST
from exporters.collecting import Schedule, Source
from exporters.ingest import collector
from exporters.ingest.aliases import Alias, conflicts, parse_alias
from exporters.ingest.observing import Observation, begin, observe
from exporters.ingest.reading import StatPages
from exporters.ingest.servers.asking import DEFAULTS, Question, Server, questions
from exporters.ingest.streams import Stream
from exporters.serving import Exporter, Listen, Parser, StartError, checked, main, seconds, serve


class Watch:
    """The one source: the server's pages, and what was seen of them before."""

    def __init__(self, pages: StatPages, asked: Sequence[Question], aliases: tuple[Alias, ...]) -> None:
        self._pages = pages
        self._asked = asked
        self._aliases = aliases
        self._seen = begin(aliases)

    async def streams(self) -> Observation:
        """Fetch the pages, one after the other, and observe the streams at the moment of the first."""
        first_s: float | None = None
        streams: list[Stream] = []
        for question in self._asked:
            at_s, page = await self._pages.fetch(question.url, question.body)
            first_s = at_s if first_s is None else first_s
            streams += question.parse(page)
        if first_s is not None:
            self._seen = observe(self._seen, self._aliases, streams, first_s)
        return self._seen


def parser() -> Parser:
    """The command line."""
    described = Parser(
        prog="python -m exporters.ingest", description="Prometheus exporter of an RTMP, SRT or RIST ingest."
    )
    described.add_argument(
        "--server", type=Server, choices=list(Server), default=Server.NGINX, help="what it is; default %(default)s"
    )
    described.add_argument(
        "--stat",
        type=checked(_http_url),
        metavar="URL",
        help="where its statistics are; default: nginx-rtmp's rtmp_stat location http://127.0.0.1:8080/stat, "
        "or the usual address of the other server",
    )
    described.add_argument(
        "--authorization",
        type=checked(_authorization),
        metavar="@FILE",
        help="a file whose first line is the Authorization header, such as 'Basic dXNlcjpwYXNz' or 'Bearer ...'",
    )
    described.add_argument(
        "--stream",
        action="append",
        required=True,
        metavar="ALIAS=APP/NAME",
        type=checked(_alias),
        help="a stream and the alias to show it by; ALIAS=APP/@FILE reads its name, the key, from a file; repeatable. "
        "APP is srt for Nimble's SRT receivers, rist for RIST, path for mediamtx paths without a slash",
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
    pages, aliases = StatPages(options.authorization), tuple(options.stream)
    asked = questions(options.server, options.stat or DEFAULTS[options.server], aliases)
    watch = Watch(pages, asked, aliases)
    source = Source(
        options.server.replace("-", "_"),
        watch.streams,
        collector.describe,
        Schedule(options.interval, timeout_s=1, stale_after_s=max(2.0, 3 * options.interval)),
    )
    serve(Exporter("ingest", "Ingest exporter", INGEST, (source,), close=pages.close), options.listen)


def _alias(text: str) -> Alias:
    try:
        return parse_alias(text, _read_key)
    except OSError as error:
        raise ValueError(f"cannot read the key file {error.filename}: {error.strerror}") from error


def _authorization(text: str) -> str:
    if not text.startswith("@"):
        raise ValueError("give @FILE, a file with the header: a command line is seen by everybody on the machine")
    try:
        value = _read_key(text[1:]).partition("\n")[0].strip()
    except OSError as error:
        raise ValueError(f"cannot read the file {error.filename}: {error.strerror}") from error
    if not value or not value.isprintable():
        raise ValueError(f"the first line of {text[1:]} is no Authorization header")
    return value


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
