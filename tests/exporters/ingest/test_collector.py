"""Golden `/metrics` of the ingest."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from exporters.catalog import INGEST
from exporters.ingest.aliases import Alias
from exporters.ingest.collector import describe
from exporters.ingest.observing import Observation, begin, observe
from exporters.ingest.servers.nginx_rtmp import parse
from tests.exporters.exposing import complaints, exposition

if TYPE_CHECKING:
    from collections.abc import Callable

GOLDEN = Path(__file__).parent / "golden"
FIXTURES = Path(__file__).parent / "fixtures"
KEY = "stream-key"


def observed(aliases: tuple[Alias, ...], *pages: str) -> Observation:
    """The observation after these captured pages, one second apart."""
    seen = begin(aliases)
    for at_s, name in enumerate(pages):
        seen = observe(seen, aliases, parse((FIXTURES / f"{name}.xml").read_bytes()), float(at_s))
    return seen


@pytest.mark.parametrize(
    ("name", "alias", "pages"),
    [
        ("publishing", Alias("cam", "publish", KEY), ["publishing"]),
        ("stalled", Alias("cam", "publish", KEY), ["publishing"] * 4),
        ("gone", Alias("cam", "publish", KEY), ["publishing", "idle"]),
        ("never", Alias("cam", "publish", KEY), ["idle"]),
        ("foreign", Alias("cam", "publish", "other"), ["publishing"]),
    ],
)
def test_metrics_of_a_capture(name: str, alias: Alias, pages: list[str], golden: Callable[[Path, str], None]) -> None:
    """Captured pages expose what is in the golden file: no key in it, and promtool content."""
    text = exposition(INGEST, describe(observed((alias,), *pages)))

    golden(GOLDEN / f"{name}.prom", text)
    assert KEY not in text
    assert complaints(text) == ""


def test_video_only_stream_has_no_audio() -> None:
    """A stream without audio says so, and its codec is empty in the info."""
    alias = Alias("cam", "publish", KEY)
    stream = replace(parse((FIXTURES / "publishing.xml").read_bytes())[0], audio_codec=None)
    points = {point.metric: point for point in describe(observe(begin((alias,)), (alias,), [stream], 0))}

    assert points["ingest_stream_audio"].value == 0
    assert points["ingest_stream_info"].labels == ("cam", "H264", "")
