"""The scene collection: four scenes, one of them with the ingest, as OBS's own JSON. Pure."""

from __future__ import annotations

from typing import Any

WIDTH_PX, HEIGHT_PX = 640, 360
INGEST = "Ingest"
MAIN, SIMPLE, AUDIO_ONLY, OFFLINE = SCENES = ("Main Camera", "Emergency - Simple", "Audio Only", "Stream Offline")
BACKGROUNDS = {SIMPLE: 0xFF0060A0, AUDIO_ONLY: 0xFF602020, OFFLINE: 0xFF303030}  # ABGR
CAPTIONS = {SIMPLE: "BACK IN A MOMENT", AUDIO_ONLY: "AUDIO ONLY", OFFLINE: "OFFLINE"}
ALIGN_LEFT_TOP = 5
BOUNDS_NONE, BOUNDS_STRETCH = 0, 1  # stretched: every size the encoder has fills the canvas, stamp in place

# What OBS hands to its demuxer: look ahead until a keyframe and sound were met, and not a picture further,
# for whatever is looked at in advance stays as delay. `fflags=nobuffer`, often advised, throws the first
# keyframe away with the look-ahead: sound then runs up to 2 s ahead, and the picture stays that late.
# With half a second of look-ahead OBS at times settles for sound alone and never shows a picture.
DEMUXER_OPTIONS = "fpsprobesize=0 analyzeduration=4000000 probesize=5000000"
RECONNECT_S = 1  # the shortest that OBS takes
BUFFER_MB = 1  # of undecoded network data; 0 would be the demuxer's own default


def _item(name: str, number: int, *, x: int = 0, y: int = 0, fills: bool = False) -> dict[str, Any]:
    return {
        "name": name,
        "id": number,
        "visible": True,
        "locked": False,
        "pos": {"x": x, "y": y},
        "scale": {"x": 1.0, "y": 1.0},
        "rot": 0.0,
        "align": ALIGN_LEFT_TOP,
        "bounds_type": BOUNDS_STRETCH if fills else BOUNDS_NONE,
        "bounds_align": 0,
        "bounds": {"x": float(WIDTH_PX if fills else 0), "y": float(HEIGHT_PX if fills else 0)},
        "crop_left": 0,
        "crop_top": 0,
        "crop_right": 0,
        "crop_bottom": 0,
    }


def _source(kind: str, name: str, settings: dict[str, Any], *, version: str = "") -> dict[str, Any]:
    return {"id": kind, "versioned_id": kind + version, "name": name, "settings": settings}


def ingest(url: str) -> dict[str, Any]:
    """The media source that reads the ingest, set up for little delay and quick recovery."""
    return _source(
        "ffmpeg_source",
        INGEST,
        {
            "is_local_file": False,
            "input": url,
            "input_format": "",
            "buffering_mb": BUFFER_MB,
            "reconnect_delay_sec": RECONNECT_S,
            "restart_on_activate": False,  # it keeps decoding while another scene is on: no wait on the way back
            "close_when_inactive": False,
            "clear_on_media_end": True,
            "hw_decode": False,
            "ffmpeg_options": DEMUXER_OPTIONS,
        },
    )


def _scene(name: str) -> list[dict[str, Any]]:
    """A scene and the sources that only it uses.

    The main scene holds nothing but the ingest: what lies under a picture that fills the screen is
    rendered all the same, and costs the software renderer a third more.
    """
    if name == MAIN:
        return [_holder(name, [_item(INGEST, 1, fills=True)])]
    background, caption = f"{name} background", f"{name} caption"
    font = {"face": "DejaVu Sans", "size": 48, "style": "Bold", "flags": 1}
    colour = {"color": BACKGROUNDS[name], "width": WIDTH_PX, "height": HEIGHT_PX}
    return [
        _source("color_source", background, colour, version="_v3"),
        _source("text_ft2_source", caption, {"text": CAPTIONS[name], "font": font}, version="_v2"),
        _holder(name, [_item(background, 1), _item(caption, 2, x=40, y=HEIGHT_PX // 2 - 30)]),
    ]


def _holder(name: str, items: list[dict[str, Any]]) -> dict[str, Any]:
    return _source("scene", name, {"custom_size": False, "id_counter": len(items), "items": items})


def collection(name: str, *, ingest_url: str) -> dict[str, Any]:
    """The whole collection, the main scene on program."""
    sources = [ingest(ingest_url)]
    for scene in SCENES:
        sources += _scene(scene)
    return {
        "name": name,
        "current_scene": MAIN,
        "current_program_scene": MAIN,
        "scene_order": [{"name": scene} for scene in SCENES],
        "sources": sources,
        "groups": [],
        "transitions": [],
        "quick_transitions": [],
        "saved_projectors": [],
        "current_transition": "Cut",
        "transition_duration": 300,
        "preview_locked": False,
        "scaling_enabled": False,
        "modules": {},
    }
