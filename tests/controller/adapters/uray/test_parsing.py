"""From the unit's XML to values."""

from __future__ import annotations

from contextlib import suppress

import pytest
from hypothesis import given
from hypothesis import strategies as st

from controller.adapters.uray.parsing import (
    BadReplyError,
    PublishState,
    Telemetry,
    parse_output,
    parse_status,
    parse_uptime,
)

OUTPUT = (
    b"<output><input>0</input><output>1</output><venc_bitrate> 1800 </venc_bitrate><unicast_ip></unicast_ip></output>"
)
STATUS = (
    b"<status><version>4.2</version><runtime>93784</runtime><cpuusage>37</cpuusage>"
    b'<vi id="1"><video_ok>0</video_ok></vi>'
    b'<vi id="0"><framerate>29.97</framerate><video_ok>1</video_ok>'
    b'<venc id="1"><rtmp_status>-1</rtmp_status></venc>'
    b'<venc id="0"><rtmp_status>0</rtmp_status><rtmp_publish_url>rtmp://h/a/k</rtmp_publish_url></venc></vi></status>'
)


def test_output_keeps_order_and_empty_fields() -> None:
    """Settings keep their order, lose the white space around them, and an empty one is an empty text."""
    settings = parse_output(OUTPUT, input_index=0, output=1)

    assert list(settings.fields.items()) == [
        ("input", "0"),
        ("output", "1"),
        ("venc_bitrate", "1800"),
        ("unicast_ip", ""),
    ]


@pytest.mark.parametrize(("text", "number"), [("1800", 1800), ("-1", -1), ("", None), ("1.5", None), ("٣", None)])
def test_numbers_of_settings(text: str, number: int | None) -> None:
    """A setting is a number only where it is a plain whole one."""
    body = f"<output><input>0</input><output>0</output><venc_bitrate>{text}</venc_bitrate></output>".encode()

    assert parse_output(body, input_index=0, output=0).number("venc_bitrate") == number


@pytest.mark.parametrize(
    "body",
    [
        b"",
        OUTPUT[:-3],
        b"<html></html>",
        b"<status></status>",
        OUTPUT.replace(b"<unicast_ip>", b"<unicast_ip><a/>"),
        OUTPUT.replace(b"unicast_ip", b"venc_bitrate"),
        OUTPUT.replace(b"<input>0</input>", b""),
        OUTPUT.replace(b"<output>1<", b"<output>2<"),
        b'<?xml version="1.0" encoding="nonsense"?>\xff<output/>',
        b'<!DOCTYPE x [<!ENTITY e SYSTEM "file:///etc/hostname">]><output>&e;</output>',
    ],
)
def test_output_that_cannot_be_trusted(body: bytes) -> None:
    """A reply that is not whole, nested, doubled, of another output, or with entities is refused."""
    with pytest.raises(BadReplyError):
        parse_output(body, input_index=0, output=1)


def test_encoding_is_kept() -> None:
    """Bytes that are no UTF-8 are taken for Latin-1, and the settings remember it."""
    settings = parse_output(OUTPUT.replace(b"> 1800", b">\xe9"), input_index=0, output=1)

    assert (settings.encoding, settings.fields["venc_bitrate"]) == ("latin-1", "é")


def test_status_is_read_by_id() -> None:
    """Inputs and encoders are told apart by their id, wherever they stand."""
    assert parse_status(STATUS, input_index=0, output=0) == Telemetry(
        "4.2", 93784.0, 0.37, has_input=True, publish=PublishState.CONNECTED
    )
    assert parse_status(STATUS, input_index=0, output=1).publish is PublishState.NOT_CONNECTED
    assert parse_status(STATUS, input_index=1, output=0) == Telemetry("4.2", 93784.0, 0.37, has_input=False)


def test_a_bare_status_is_unknown_in_everything() -> None:
    """Fields that a firmware lacks are None."""
    assert parse_status(b"<status/>", input_index=0, output=0) == Telemetry()


@pytest.mark.parametrize(
    ("venc", "state"),
    [
        ("<rtmp_status>0</rtmp_status>", PublishState.CONNECTED),
        ("<rtmp_status>-1</rtmp_status>", PublishState.NOT_CONNECTED),
        ("<rtmp_status>7</rtmp_status>", PublishState.NOT_CONNECTED),
        ("<rtmp_status>0</rtmp_status><rtmp_publish_url></rtmp_publish_url>", PublishState.DISABLED),
        ("<rtmp_status>-1</rtmp_status><srt_publish_status>0</srt_publish_status>", PublishState.CONNECTED),
        ("<srt_publish_status>-1</srt_publish_status>", PublishState.NOT_CONNECTED),
        ("<rtmp_status></rtmp_status>", PublishState.DISABLED),
        ("", PublishState.DISABLED),
    ],
)
def test_publish_state(venc: str, state: PublishState) -> None:
    """0 is connected; no status or no address is switched off; everything else is down."""
    body = f'<status><vi id="0"><venc id="0">{venc}</venc></vi></status>'.encode()

    assert parse_status(body, input_index=0, output=0).publish is state


@pytest.mark.parametrize(
    ("video", "has_input"),
    [
        ("<video_ok>1</video_ok><framerate>30</framerate>", True),
        ("<video_ok>1</video_ok><framerate>0</framerate>", False),
        ("<video_ok>0</video_ok>", False),
        ("<framerate>25</framerate>", True),
        ("", None),
    ],
)
def test_input(video: str, has_input: bool | None) -> None:  # noqa: FBT001 (a row of the table)
    """No signal or no frames is no input; neither field present is unknown."""
    body = f'<status><vi id="0">{video}</vi></status>'.encode()

    assert parse_status(body, input_index=0, output=0).has_input is has_input


@pytest.mark.parametrize(
    ("text", "uptime_s"),
    [
        ("93784", 93784.0),
        (" 12.5 ", 12.5),
        ("02:03:04", 7384.0),
        ("1 day 02:03:04", 93784.0),
        ("1 days, 02:03:04", 93784.0),
        ("1d 2:3:4", 93784.0),
        ("", None),
        ("long", None),
    ],
)
def test_uptime(text: str, uptime_s: float | None) -> None:
    """Uptime is read as seconds or as days and a clock; anything else is unknown."""
    assert parse_uptime(text) == uptime_s


@given(st.one_of(st.binary(), st.integers(0, len(STATUS)).map(lambda end: STATUS[:end])))
def test_any_reply_is_a_value_or_a_bad_reply(body: bytes) -> None:
    """Whatever bytes come, parsing ends with a value or with BadReplyError."""
    with suppress(BadReplyError):
        parse_status(body, input_index=0, output=0)
    with suppress(BadReplyError):
        parse_output(body, input_index=0, output=0)
