"""Xiu: `POST /api/query_stream` for one stream at a time; it tells its own rate, in kbit/s, and counts nothing."""

from __future__ import annotations

from exporters.ingest.servers.documents import document, entries, inside, number, text
from exporters.ingest.streams import Publisher, StatError, Stream

_RATE = "recv_bitrate(kbits/s)"


def question(application: str, name: str) -> dict[str, object]:
    """What is posted to ask for one stream."""
    return {"identifier": {"rtmp": {"app_name": application, "stream_name": name}}}


def parse(page: bytes, application: str, name: str) -> tuple[Stream, ...]:
    """The stream that was asked for; nothing where it is not known. Raises StatError."""
    plain = document(page)
    if not isinstance(plain, dict):
        raise StatError("the answer is not of Xiu; --stat takes its HTTP address, for example http://127.0.0.1:8000")
    found = next(iter(entries(plain.get("data"))), None)
    publisher = inside(found, "publisher")
    if not isinstance(publisher, dict):
        return ()
    rate_kbps = number(publisher.get(_RATE))
    return (
        Stream(
            application=application,
            name=name,
            publisher=Publisher(text(publisher.get("id")) or ""),
            reported_bps=None if rate_kbps is None else rate_kbps * 1_000.0,
            tells_tracks=False,
        ),
    )
