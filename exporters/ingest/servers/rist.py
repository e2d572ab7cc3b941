"""RIST: librist's receiver statistics. A flow is of application `rist`, its name is its number."""

from __future__ import annotations

from exporters.ingest.servers.documents import document, inside, number, text
from exporters.ingest.streams import Publisher, StatError, Stream

RIST = "rist"


def parse(page: bytes) -> tuple[Stream, ...]:
    """The flow of the last interval; `null` before the first. Raises StatError."""
    plain = document(page)
    if plain is None:
        return ()
    flow = inside(plain, "receiver-stats", "flowinstant")
    name = text(inside(flow, "flow_id"))
    if name is None:
        raise StatError("the answer has no flow; --stat takes the statistics of a RIST receiver")
    alive = inside(flow, "dead") == 0
    return (
        Stream(
            application=RIST,
            name=name,
            publisher=Publisher(name) if alive else None,
            reported_bps=number(inside(flow, "stats", "bitrate")) if alive else None,
            tells_tracks=False,
        ),
    )
