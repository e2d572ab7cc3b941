"""OBS's configuration directory, rendered whole: nothing is clicked, no wizard appears.

Small on purpose: 640x360 at 10 frames a second without a preview costs an eighth of a core, where
OBS's own defaults would take all of one under a software renderer.
"""

from __future__ import annotations

import json
import os
from dataclasses import dataclass, field
from pathlib import Path

from deploy.demo.studio import scenes

NAME = "VVLIVE"
FRAME_RATE_HZ = 10
VIDEO_KBIT, AUDIO_KBIT = 1500, 96
KEYFRAME_EVERY_S = 2
WIZARD_SEEN_VERSION = 29 << 24 | 2  # 29.0.2: an older one brings up the notes of the new version


@dataclass(frozen=True, slots=True)
class Studio:
    """Where OBS reads and streams to, and who may steer it. Addresses and password stay out of repr."""

    ingest_url: str = field(repr=False)
    platform_url: str = field(repr=False)  # without the key
    platform_key: str = field(repr=False)
    websocket_port: int
    websocket_password: str = field(repr=False)


def _ini(sections: dict[str, dict[str, object]]) -> str:
    lines: list[str] = []
    for name, values in sections.items():
        lines += [f"[{name}]", *(f"{key}={_ini_value(value)}" for key, value in values.items()), ""]
    return "\n".join(lines)


def _ini_value(value: object) -> str:
    return str(value).lower() if isinstance(value, bool) else str(value)


def _global_ini(studio: Studio) -> str:
    return _ini(
        {
            "General": {
                "FirstRun": True,
                "InfoIncrement": 9999,
                "Pre19Defaults": False,
                "Pre21Defaults": False,
                "Pre23Defaults": False,
                "Pre24.1Defaults": False,
                "LastVersion": WIZARD_SEEN_VERSION,
                "ConfirmOnExit": False,
                "EnableAutoUpdates": False,
            },
            "Basic": {"Profile": NAME, "ProfileDir": NAME, "SceneCollection": NAME, "SceneCollectionFile": NAME},
            # else each late sound adds to a delay of sound and picture that never shrinks again: 1 s after one stall
            "Audio": {"LowLatencyAudioBuffering": True},
            "BasicWindow": {"PreviewEnabled": False, "SysTrayEnabled": False},
            "OBSWebSocket": {
                "FirstLoad": False,
                "ServerEnabled": True,
                "ServerPort": studio.websocket_port,
                "AlertsEnabled": False,
                "AuthRequired": True,
                "ServerPassword": studio.websocket_password,
            },
        }
    )


def _basic_ini(directory: Path) -> str:
    return _ini(
        {
            "General": {"Name": NAME},
            "Video": {
                "BaseCX": scenes.WIDTH_PX,
                "BaseCY": scenes.HEIGHT_PX,
                "OutputCX": scenes.WIDTH_PX,
                "OutputCY": scenes.HEIGHT_PX,
                "FPSType": 0,
                "FPSCommon": FRAME_RATE_HZ,
            },
            "Output": {"Mode": "Simple", "DynamicBitrate": False, "RetryDelay": 1, "MaxRetries": 1000},
            "SimpleOutput": {
                "FilePath": directory,
                "VBitrate": VIDEO_KBIT,
                "ABitrate": AUDIO_KBIT,
                "StreamEncoder": "x264",
                "RecQuality": "Stream",
                "Preset": "ultrafast",
                "UseAdvanced": True,
                # OBS's own choice is a keyframe per 250 frames: a viewer would wait 25 s at this frame rate
                "x264Settings": f"keyint={KEYFRAME_EVERY_S * FRAME_RATE_HZ} tune=zerolatency",
            },
            "Audio": {"SampleRate": 48000, "ChannelSetup": "Stereo"},
        }
    )


def files(studio: Studio, directory: Path) -> dict[Path, str]:
    """Every file of the configuration, by its path relative to the directory for XDG_CONFIG_HOME."""
    root = Path("obs-studio")
    profile = root / "basic" / "profiles" / NAME
    service = {
        "type": "rtmp_custom",
        "settings": {
            "server": studio.platform_url,
            "key": studio.platform_key,
            "use_auth": False,
            "bwtest": False,
        },
    }
    collection = scenes.collection(NAME, ingest_url=studio.ingest_url)
    return {
        root / "global.ini": _global_ini(studio),
        profile / "basic.ini": _basic_ini(directory),
        profile / "service.json": json.dumps(service),
        root / "basic" / "scenes" / f"{NAME}.json": json.dumps(collection, indent=1),
    }


def write(studio: Studio, directory: Path) -> None:
    """Write the configuration below `directory`, readable by its owner only: it holds key and password.

    Raises:
        OSError: a file cannot be written.
    """
    for relative, text in files(studio, directory).items():
        path = directory / relative
        path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
        with os.fdopen(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600), "w") as file:
            file.write(text)
