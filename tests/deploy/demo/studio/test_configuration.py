"""OBS's configuration directory."""

from __future__ import annotations

import configparser
import json
import stat
from pathlib import Path

from deploy.demo.studio.configuration import NAME, Studio, files, write

STUDIO = Studio(
    ingest_url="rtmp://127.0.0.1:1935/live/cam",
    platform_url="rtmp://127.0.0.1:1936/platform",
    platform_key="5ecret",
    websocket_port=4455,
    websocket_password="pa55word",
)
ROOT = Path("obs-studio")
PROFILE = ROOT / "basic" / "profiles" / NAME


def _ini(text: str) -> configparser.ConfigParser:
    parser = configparser.ConfigParser(interpolation=None)
    parser.optionxform = str  # type: ignore[assignment] # OBS's keys are case-sensitive; the stub knows no such use
    parser.read_string(text)
    return parser


def test_obs_finds_profile_and_collection() -> None:
    """The names in the global file are those of the directory and the file beside it."""
    found = files(STUDIO, Path("/home"))
    basic = _ini(found[ROOT / "global.ini"])["Basic"]
    assert ROOT / "basic" / "profiles" / basic["ProfileDir"] / "basic.ini" in found
    assert ROOT / "basic" / "scenes" / f"{basic['SceneCollectionFile']}.json" in found


def test_obs_is_small_and_without_delay() -> None:
    """640x360 at 10 Hz, no preview, no growing sound buffer, a keyframe every 2 s."""
    found = files(STUDIO, Path("/home"))
    user, profile = _ini(found[ROOT / "global.ini"]), _ini(found[PROFILE / "basic.ini"])
    assert (profile["Video"]["OutputCX"], profile["Video"]["OutputCY"], profile["Video"]["FPSCommon"]) == (
        "640",
        "360",
        "10",
    )
    assert user["BasicWindow"]["PreviewEnabled"] == "false"
    assert user["Audio"]["LowLatencyAudioBuffering"] == "true"
    assert "keyint=20" in profile["SimpleOutput"]["x264Settings"]


def test_the_websocket_is_on_and_guarded() -> None:
    """Port and password are the ones given."""
    socket = _ini(files(STUDIO, Path("/home"))[ROOT / "global.ini"])["OBSWebSocket"]
    assert dict(socket) == {
        "FirstLoad": "false",
        "ServerEnabled": "true",
        "ServerPort": "4455",
        "AlertsEnabled": "false",
        "AuthRequired": "true",
        "ServerPassword": "pa55word",
    }


def test_the_platform_is_where_it_streams() -> None:
    """Address and key are apart, as OBS wants them."""
    service = json.loads(files(STUDIO, Path("/home"))[PROFILE / "service.json"])
    assert (service["settings"]["server"], service["settings"]["key"]) == (STUDIO.platform_url, "5ecret")


def test_only_the_owner_reads_what_is_written(tmp_path: Path) -> None:
    """Every file is there, none open to others, and a second write replaces the first."""
    for _ in range(2):
        write(STUDIO, tmp_path)
    for relative, text in files(STUDIO, tmp_path).items():
        assert (tmp_path / relative).read_text() == text
        assert stat.S_IMODE((tmp_path / relative).stat().st_mode) == 0o600


def test_secrets_are_not_shown() -> None:
    """Neither key nor password is in the repr."""
    assert "5ecret" not in repr(STUDIO)
    assert "pa55word" not in repr(STUDIO)
