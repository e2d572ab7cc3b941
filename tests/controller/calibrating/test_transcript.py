"""The file that a person sends to others."""

from __future__ import annotations

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from controller.calibrating.transcript import REMOVED, cleaned, portrait_of


@pytest.mark.parametrize(
    ("text", "left"),
    [
        ("the password is hunter22", f"the password is {REMOVED}"),
        ("rtmp://host/live/key?x=1 refused", f"{REMOVED} refused"),
        ('"srt://h:1?streamid=a"', f'"{REMOVED}"'),
        ("encoder 192.168.1.168: no connection", f"encoder {REMOVED}: no connection"),
        ("firmware 4.2", "firmware 4.2"),
    ],
)
def test_what_is_removed(text: str, left: str) -> None:
    """Known secrets, whole addresses and hosts; the rest stays."""
    assert cleaned(text, secrets=["hunter22"]) == left


def test_private_settings_keep_their_names() -> None:
    """Which fields a firmware has is what others need; what stands in those that are private is not."""
    fields = {"rtmp_publish_uri": "rtmp://h/k", "venc_bitrate": "2500", "srt_streamid": "x", "rtsp_uri": ""}

    assert portrait_of(fields) == {
        "rtmp_publish_uri": REMOVED,
        "venc_bitrate": "2500",
        "srt_streamid": REMOVED,
        "rtsp_uri": "",
    }


@given(st.text(), st.text(alphabet="abcdef0123456789", min_size=6))
def test_no_secret_survives(text: str, secret: str) -> None:
    """Wherever it stands."""
    assert secret not in cleaned(f"{text}{secret}{json.dumps(text)}", secrets=[secret]).replace(REMOVED, "")
