"""Every server but nginx: its answer as streams, and whatever else it may answer."""

from __future__ import annotations

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from exporters.ingest.aliases import Alias
from exporters.ingest.servers import mediamtx, nimble, node_media_server, rist, xiu
from exporters.ingest.servers.asking import DEFAULTS, Server, questions
from exporters.ingest.streams import StatError, Stream
from tests.exporters.ingest.servers.answers import (
    ALIASES,
    ALL,
    KEY,
    MEDIAMTX,
    NIMBLE_RTMP,
    NIMBLE_SRT,
    NODE_2,
    NODE_4,
    RIST,
    XIU,
    page,
)

plain = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=6) | st.just(1e308),
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.dictionaries(
            st.sampled_from(
                ["data", "streams", "publisher", "items", "name", "app", "bytes", "video", "source", "SrtReceivers"]
            ),
            inner,
            max_size=4,
        )
    ),
    max_leaves=15,
)


@pytest.mark.parametrize("document", [NODE_2, NODE_4], ids=["2", "4"])
def test_node_media_server_counts_bytes(document: object) -> None:
    """Both versions: the publisher's bytes, size and rate; a stream that waits has no publisher."""
    live, waiting = node_media_server.parse(page(document))

    assert (live.application, live.name, live.received_bytes) == ("live", KEY, 123_456)
    assert (live.width_px, live.height_px, live.frame_rate_hz) == (1280, 720, 30.0)
    assert live.publisher is not None
    assert live.audio_codec is not None
    assert waiting.publisher is None


def test_mediamtx_tells_paths() -> None:
    """A path with a slash has its application; the newer counter is preferred."""
    live, bare = mediamtx.parse(page(MEDIAMTX))

    assert (live.application, live.name, live.received_bytes) == ("live", KEY, 123_456)
    assert (live.video_codec, live.audio_codec) == ("H264", "MPEG-4 Audio")
    assert (bare.application, bare.received_bytes, bare.publisher) == ("path", 7, None)


def test_nimble_counts_for_srt_and_only_estimates_for_rtmp() -> None:
    """Its own rate is no counter, and is told apart."""
    live, gone = nimble.parse_srt(page(NIMBLE_SRT))
    (rtmp,) = nimble.parse_rtmp(page(NIMBLE_RTMP))

    assert (live.received_bytes, gone.publisher) == (123_456, None)
    assert (rtmp.received_bytes, rtmp.reported_bps, rtmp.width_px) == (None, 2_500_000.0, 1280)


def test_xiu_is_asked_for_each_stream() -> None:
    """Its answer does not say whose it is."""
    (question,) = questions(Server.XIU, DEFAULTS[Server.XIU], ALIASES)

    assert question.body == {"identifier": {"rtmp": {"app_name": "live", "stream_name": KEY}}}
    assert question.parse(page(XIU))[0].reported_bps == 2_500_000.0
    assert question.parse(page({"data": []})) == ()
    assert KEY not in repr(question)


@pytest.mark.parametrize(("dead", "publishing"), [(0, True), (1, False)])
def test_a_dead_rist_flow_publishes_nothing(dead: int, *, publishing: bool) -> None:
    """Nor is its last bitrate told on."""
    document = json.loads(json.dumps(RIST))
    document["receiver-stats"]["flowinstant"]["dead"] = dead
    (flow,) = rist.parse(page(document))

    assert ((flow.publisher is not None), (flow.reported_bps is not None)) == (publishing, publishing)


def test_before_the_first_rist_flow_there_is_none() -> None:
    """Its answer is null then."""
    assert rist.parse(b"null") == ()


def test_what_says_nothing_of_tracks_claims_no_silence() -> None:
    """A flow without a word of codecs is not one without sound."""
    assert not rist.parse(page(RIST))[0].tells_tracks
    assert not xiu.parse(page(XIU), "live", KEY)[0].tells_tracks


def test_nimble_is_asked_only_for_what_is_watched() -> None:
    """SRT receivers and RTMP streams have pages of their own."""
    both = (Alias("cam", "live", KEY), Alias("srt", "srt", "1"))

    assert [one.url.rpartition("/")[2] for one in questions(Server.NIMBLE, "http://h:1/", both)] == [
        "srt_receiver_stats",
        "rtmp_status",
    ]
    assert len(questions(Server.NIMBLE, "http://h:1", ALIASES)) == 1


@pytest.mark.parametrize("name", ALL)
def test_an_error_page_is_told_without_its_text(name: str) -> None:
    """What is not JSON is refused, and what it said is not repeated."""
    server, _ = ALL[name]
    (question,) = questions(server, DEFAULTS[server], ALIASES)

    with pytest.raises(StatError) as refused:
        question.parse(f"<html>{KEY}</html>".encode())
    assert KEY not in str(refused.value)


@pytest.mark.parametrize("name", ALL)
@given(document=plain)
def test_no_json_crashes_a_parser(name: str, document: object) -> None:
    """Streams, or an error by name; numbers that are none are unknown."""
    server, _ = ALL[name]
    (question,) = questions(server, DEFAULTS[server], ALIASES)
    try:
        found = question.parse(page(document))
    except StatError:
        return
    assert all(isinstance(one, Stream) for one in found)
    assert all(one.received_bytes is None or 0 <= one.received_bytes < 10**18 for one in found)


@pytest.mark.parametrize("name", ALL)
@given(cut=st.integers(0, 400))
def test_no_cut_answer_crashes_a_parser(name: str, cut: int) -> None:
    """An answer that ends early is refused."""
    server, document = ALL[name]
    (question,) = questions(server, DEFAULTS[server], ALIASES)
    whole = page(document)

    with pytest.raises(StatError):
        question.parse(whole[: min(cut, len(whole) - 1)])
