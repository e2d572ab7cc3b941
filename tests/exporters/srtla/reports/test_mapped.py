"""Any JSON page by the operator's mapping."""

from __future__ import annotations

import json
import re

import pytest

from exporters.srtla.reports.mapped import parse_map, read_mapped
from exporters.srtla.reports.model import Reading, ReportError

NIMBLE = {
    "SrtReceivers": [
        {
            "id": "s3cret",
            "state": "connected",
            "stats": {"link": {"rtt": 45}, "recv": {"bytesReceived": 1000, "a/b": 7}},
        }
    ],
    "live": True,
}
STREAM = "/SrtReceivers/0/stats"


def mapping(streams: object = None, **top: object) -> bytes:
    """A mapping file."""
    return json.dumps({"url": "http://127.0.0.1:8082/stats", "streams": streams or {}} | top).encode()


def test_numbers_are_found_and_scaled() -> None:
    """Pointers lead into objects and lists; the factor brings milliseconds to seconds; truth is 1."""
    wanted = parse_map(
        mapping(
            {
                "cam": {
                    "receive_bytes_total": f"{STREAM}/recv/bytesReceived",
                    "lost_segments_total": f"{STREAM}/recv/a~1b",
                    "rtt_seconds": [f"{STREAM}/link/rtt", 0.001],
                    "publishing": "/live",
                }
            },
            uplinks={"verizon": {"rtt_seconds": [f"{STREAM}/link/rtt", 0.001]}},
        )
    )
    report = read_mapped(json.dumps(NIMBLE).encode(), wanted)

    assert report.streams["cam"] == Reading(
        {"rtt_seconds": 0.045, "publishing": 1}, {"receive_bytes": 1000, "lost_segments": 7}, pulse=1000
    )
    assert report.uplinks["verizon"] == Reading({"rtt_seconds": 0.045})


@pytest.mark.parametrize(
    "path", ["/no", "/SrtReceivers/1", "/SrtReceivers/x", "/SrtReceivers/0/id", "/live/x", "/SrtReceivers"]
)
def test_what_is_not_there_is_left_out(path: str) -> None:
    """A missing key, an index beyond the list, text and objects give no metric."""
    wanted = parse_map(mapping({"cam": {"rtt_seconds": path}}))

    assert read_mapped(json.dumps(NIMBLE).encode(), wanted).streams["cam"] == Reading()


@pytest.mark.parametrize(
    ("text", "said"),
    [
        (b"{", "the mapping is no JSON object"),
        (b"[]", "the mapping is no JSON object"),
        (b"{}", "url is no http:// or https:// URL"),
        (mapping(url="ftp://here"), "url is no http:// or https:// URL"),
        (mapping(url="http://u:s3cret@here"), "url is no http:// or https:// URL"),
        (mapping(colour=1), "the mapping has 'colour'; it takes url, streams and uplinks"),
        (mapping([1]), "streams of the mapping is no object"),
        (mapping({"bad name": {}}), "streams: give names of letters"),
        (mapping({"cam": {"no_such": "/a"}}), "stream cam: there is no metric 'no_such'"),
        (mapping({"cam": {"rtt_seconds": "a"}}), "stream cam: rtt_seconds takes a path that begins with /"),
        (mapping({"cam": {"rtt_seconds": ["/a", "x"]}}), "stream cam: rtt_seconds takes a path that begins with /"),
        (mapping({"cam": {"rtt_seconds": ["/a", 0]}}), "stream cam: rtt_seconds takes a path that begins with /"),
    ],
)
def test_wrong_mapping_is_told(text: bytes, said: str) -> None:
    """What is wrong is named, and no credential is quoted."""
    with pytest.raises(ValueError, match=re.escape(said)) as refused:
        parse_map(text)

    assert "s3cret" not in str(refused.value)


def test_page_that_is_no_json_is_refused() -> None:
    """A page of another kind is a failure of the source."""
    with pytest.raises(ReportError):
        read_mapped(b"<html>", parse_map(mapping()))


def test_address_is_in_no_repr() -> None:
    """The page's address may have a key in its path."""
    assert "8082" not in repr(parse_map(mapping()))
