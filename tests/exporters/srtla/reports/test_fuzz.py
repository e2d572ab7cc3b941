"""Every reader of reports against whatever a program, or somebody in its place, may write."""

from __future__ import annotations

import json
import math
from typing import TYPE_CHECKING, Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from exporters.srtla.reports import files, mapped, openirl, sender, sls
from exporters.srtla.reports.ledger import Ledger, describe
from exporters.srtla.reports.model import Report, ReportError

if TYPE_CHECKING:
    from collections.abc import Callable

KEY = "live/k3y"
# The words that the readers look for, so that examples reach their depths.
WORDS = [
    *("publishers", "publisher", "peers", "links", "connections", "params", "data", "recv", "link", "last_updated_ms"),
    *("uptime", "mbpsRecvRate", "pktRcvLoss", "rtt", "rtt_ms", "connection_id", "conn_id", "ip", "label", "connected"),
    *("bytes", "packets", "sid", "nak_count", "window", "weight_percent", "bitrate", "dropped_pkts", KEY, "method"),
]
NUMBERS = st.one_of(
    st.integers(-(10**30), 10**30), st.floats(), st.sampled_from([0, 1, -1, 1e18, 1e19, math.nan, math.inf, 10**400])
)
DOCUMENTS = st.recursive(
    st.one_of(st.none(), st.booleans(), NUMBERS, st.text(max_size=8), st.sampled_from(["0000000a", "10.0.0.1"])),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.sampled_from(WORDS), inner, max_size=6),
    max_leaves=25,
)
MAP = mapped.parse_map(
    json.dumps(
        {"url": "http://h/", "streams": {"cam": {"rtt_seconds": "/publishers/0/rtt", "publishing": "/data"}}}
    ).encode()
)
READERS: dict[str, Callable[[bytes], Report]] = {
    "sls": lambda text: sls.Publishers({KEY: "cam"}).read(text, 100.0),
    "openirl": lambda text: openirl.read_page(text, "cam", lambda number: "verizon" if number == 10 else None),
    "srtla_send": lambda text: sender.read_update(text, lambda address, _: "verizon" if address else None),
    "ceralive": lambda text: sender.read_file(text, lambda number: "verizon" if number else None, 1000.0),
    "live-transmit": lambda text: files.Statistics("cam", totals=True).read(text + b"\n"),
    "srtla-group": lambda text: files.read_group(text, lambda _: "verizon"),
    "mapped": lambda text: mapped.read_mapped(text, MAP),
}


def whatever(reader: Callable[[bytes], Report], text: bytes) -> None:
    """A report of known names and finite numbers, or a refusal that quotes nothing."""
    refusal = ""
    report = Report()
    try:
        report = reader(text)
    except ReportError as refused:
        refusal = str(refused)
    assert KEY not in refusal
    assert len(refusal) < 200
    for _ in range(2):
        points = list(describe(Ledger().take(report, 1.0)))
    assert len(points) < 40
    assert all(math.isfinite(point.value) and point.value >= 0 for point in points)
    assert {label for point in points for label in point.labels} <= {"cam", "verizon"}


@pytest.mark.parametrize("kind", READERS)
@settings(max_examples=60)
@given(st.binary(max_size=300))
def test_any_bytes(kind: str, text: bytes) -> None:
    """Bytes that are no document."""
    whatever(READERS[kind], text)


@pytest.mark.parametrize("kind", READERS)
@settings(max_examples=120)
@given(DOCUMENTS)
def test_any_document(kind: str, said: Any) -> None:  # noqa: ANN401 - any JSON there is
    """Documents with the right words in the wrong places, NaN, and numbers of 400 digits."""
    whatever(READERS[kind], json.dumps(said).encode())


@pytest.mark.parametrize("kind", READERS)
def test_depth_without_end(kind: str) -> None:
    """A document that is nested until a parser gives up."""
    whatever(READERS[kind], b'{"publishers":' * 100_000)
