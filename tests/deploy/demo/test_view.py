"""The live terminal view."""

from __future__ import annotations

import pytest
from rich.console import Console

from deploy.demo.report import DecisionRow
from deploy.demo.snapshot import Snapshot, UplinkView
from deploy.demo.view import render


def text_of(snapshot: Snapshot) -> str:
    """The view as plain text."""
    console = Console(width=120, no_color=True)
    with console.capture() as captured:
        console.print(render(snapshot, addresses=[("Prometheus", "http://127.0.0.1:1/")], notes=["a note"]))
    return captured.get()


def test_everything_known() -> None:
    """State, rates, ages, scene, uplinks, decisions with reasons, addresses and notes are on the screen."""
    row = DecisionRow(9.0, "HIGH", "LOW", 1_200_000, None, "a queue stands", 9.1, 9.2, None)
    uplinks = (UplinkView("verizon", 8_000_000, 2_000_000, 0.045, dead=False), UplinkView("att", 0, 0, None, dead=True))
    text = text_of(
        Snapshot(10.0, "verizon dies", uplinks, "LOW", 1_200_000, 1_200_000, 1_100_000, 0.12, "main", 0.5, 3.0, (row,))
    )
    for wanted in (
        "10 s: verizon dies", "LOW", "1.20 Mbit/s", "1.10 Mbit/s", "120 ms", "main", "0.5 s", "3.0 s", "45 ms", "dead",
        "HIGH → LOW", "a queue stands", "http://127.0.0.1:1/", "a note",
    ):  # fmt: skip
        assert wanted in text


def test_nothing_known() -> None:
    """What is not known is said to be unknown; no number appears in its place."""
    text = text_of(Snapshot(0.0, "start", (UplinkView("att", None, None, None, None),)))
    assert text.count("unknown") >= 6
    assert "0.00 Mbit/s" not in text


@pytest.mark.parametrize(("sent", "cells"), [(0, 0), (4_000_000, 12), (80_000_000, 24)])
def test_bar_never_overflows(sent: int, cells: int) -> None:
    """The filled part of the bar is the sent rate, and never wider than the capacity."""
    text = text_of(Snapshot(0.0, "x", (UplinkView("att", 8_000_000, sent, 0.1, dead=False),)))
    assert text.count("█") == cells


def test_problems_are_shown() -> None:
    """A device that does not answer is named."""
    assert "OBS is away" in text_of(Snapshot(0.0, "x", (), problems=("OBS is away",)))


def test_scene_changes_are_told_apart() -> None:
    """A decision about the scene names the scene; one about the encoder its bitrate."""
    row = DecisionRow(9.0, "HIGH", "HIGH", None, "simple", "the picture is late", 9.0, 9.1, 9.1)
    text = text_of(Snapshot(10.0, "x", (), decisions=(row,)))
    assert "scene" in text
    assert "simple" in text
    assert "kbit/s" not in text
