"""The scene collection."""

from __future__ import annotations

import json

import pytest

from deploy.demo.studio import scenes

URL = "rtmp://127.0.0.1/live/cam"
COLLECTION = scenes.collection("VVLIVE", ingest_url=URL)
SOURCES = {source["name"]: source for source in COLLECTION["sources"]}


def test_the_scenes_are_the_controllers() -> None:
    """OBS offers exactly the four scene names that the controller switches between, main first."""
    assert [scene["name"] for scene in COLLECTION["scene_order"]] == [
        "Main Camera",
        "Emergency - Simple",
        "Audio Only",
        "Stream Offline",
    ]
    assert COLLECTION["current_program_scene"] == "Main Camera"


def test_every_item_is_a_source() -> None:
    """No scene refers to a source that is not in the collection, and no name stands twice."""
    assert len(SOURCES) == len(COLLECTION["sources"])
    for scene in scenes.SCENES:
        assert {item["name"] for item in SOURCES[scene]["settings"]["items"]} <= SOURCES.keys()


@pytest.mark.parametrize("scene", scenes.SCENES)
def test_only_the_main_scene_shows_the_ingest(scene: str) -> None:
    """The camera's picture, and with it the stamp, is on program in one scene only."""
    shown = [item for item in SOURCES[scene]["settings"]["items"] if item["name"] == scenes.INGEST]
    assert len(shown) == (scene == scenes.MAIN)
    for item in shown:
        assert (item["bounds_type"], item["bounds"]) == (scenes.BOUNDS_STRETCH, {"x": 640.0, "y": 360.0})


def test_the_ingest_neither_stops_nor_waits() -> None:
    """It goes on decoding on other scenes, reconnects after a second, and keeps the first keyframe."""
    settings = SOURCES[scenes.INGEST]["settings"]
    assert settings["input"] == URL
    assert (settings["close_when_inactive"], settings["restart_on_activate"]) == (False, False)
    assert settings["reconnect_delay_sec"] == 1
    assert "nobuffer" not in settings["ffmpeg_options"]


def test_the_collection_is_json() -> None:
    """OBS reads it from a file."""
    assert json.loads(json.dumps(COLLECTION)) == COLLECTION
