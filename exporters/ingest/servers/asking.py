"""What each kind of server is asked, and how its answers are read."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from enum import StrEnum

from exporters.ingest.aliases import Alias
from exporters.ingest.servers import mediamtx, nginx_rtmp, nimble, node_media_server, rist, xiu
from exporters.ingest.streams import Stream


class Server(StrEnum):
    """The servers that are understood."""

    NGINX = "nginx-rtmp"
    NODE = "node-media-server"
    MEDIAMTX = "mediamtx"
    NIMBLE = "nimble"
    XIU = "xiu"
    RIST = "rist"


DEFAULTS = {
    Server.NGINX: "http://127.0.0.1:8080/stat",
    Server.NODE: "http://127.0.0.1:8000/api/streams",
    Server.MEDIAMTX: "http://127.0.0.1:9997/v3/paths/list?itemsPerPage=1000",
    Server.NIMBLE: "http://127.0.0.1:8082",
    Server.XIU: "http://127.0.0.1:8000",
    Server.RIST: "http://127.0.0.1:8681/stats",
}
"""Where each has its statistics when nobody says otherwise."""


@dataclass(frozen=True, slots=True)
class Question:
    """One request: its address, the JSON to post (None gets), and how the answer is read."""

    url: str
    parse: Callable[[bytes], tuple[Stream, ...]] = field(repr=False)
    body: dict[str, object] | None = field(default=None, repr=False)


_ONE_PAGE = {
    Server.NGINX: nginx_rtmp.parse,
    Server.NODE: node_media_server.parse,
    Server.MEDIAMTX: mediamtx.parse,
    Server.RIST: rist.parse,
}


def questions(server: Server, url: str, aliases: Sequence[Alias]) -> tuple[Question, ...]:
    """What to ask `server` at `url` for the streams of `aliases`."""
    base = url.rstrip("/")
    if server is Server.NIMBLE:
        srt = Question(f"{base}/manage/srt_receiver_stats", nimble.parse_srt)
        rtmp = Question(f"{base}/manage/rtmp_status", nimble.parse_rtmp)
        wanted = {entry.application == nimble.SRT for entry in aliases}
        return tuple(question for question, kind in ((srt, True), (rtmp, False)) if kind in wanted)
    if server is Server.XIU:
        return tuple(_of_xiu(f"{base}/api/query_stream", entry) for entry in aliases)
    return (Question(url, _ONE_PAGE[server]),)


def _of_xiu(url: str, entry: Alias) -> Question:
    def parse(page: bytes) -> tuple[Stream, ...]:
        return xiu.parse(page, entry.application, entry.name)

    return Question(url, parse, xiu.question(entry.application, entry.name))
