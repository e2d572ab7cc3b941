"""Showing a scene, request by request."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from controller.adapters.obs.protocol import Answer
from controller.adapters.obs.sequences import operator_scene, show_scene, sighting
from controller.ports import Outcome

if TYPE_CHECKING:
    from collections.abc import Mapping


class Script:
    """Answers from a list, in order; remembers what was asked and how long was waited."""

    def __init__(self, *answers: tuple[int, str | None]) -> None:
        self._answers = list(answers)
        self.asked: list[str] = []
        self.waited_s = 0.0

    async def call(self, request_type: str, data: Mapping[str, object] | None = None, /) -> Answer:
        """The next answer: its code and the scene it tells; the last one again when there are no more."""
        del data
        self.asked.append(request_type.removesuffix("CurrentProgramScene"))
        code, scene = self._answers.pop(0) if len(self._answers) > 1 else self._answers[0]
        told = {} if scene is None else {"currentProgramSceneName": scene}
        return Answer(ok=code == 100, code=code, comment="", data=told)

    async def pause(self, seconds: float) -> None:
        """Count, do not wait."""
        self.waited_s += seconds


@pytest.mark.parametrize(
    ("answers", "outcome", "asked"),
    [
        ([(100, "B")], Outcome.APPLIED, ["Get"]),
        ([(100, "A"), (100, None), (100, "B")], Outcome.APPLIED, ["Get", "Set", "Get"]),
        ([(100, "A"), (100, None), (100, "A"), (100, "B")], Outcome.APPLIED, ["Get", "Set", "Get", "Get"]),
        ([(100, "A"), (600, None), (100, "A")], Outcome.REFUSED, ["Get", "Set", "Get"]),
        (
            [(100, "A"), (702, None), (100, "A"), (100, None), (100, "B")],
            Outcome.APPLIED,
            ["Get", "Set", "Get", "Set", "Get"],
        ),
        (
            [(100, "A"), (604, None), (100, "A"), (604, None), (100, "A")],
            Outcome.REFUSED,
            ["Get", "Set", "Get", "Set", "Get"],
        ),
        ([(100, "A"), (702, None), (100, "B")], Outcome.APPLIED, ["Get", "Set", "Get", "Get"]),
        (
            [(207, None), (100, "A"), (207, None), (100, None), (100, "B")],
            Outcome.APPLIED,
            ["Get", "Get", "Set", "Set", "Get"],
        ),
        ([(207, None)], Outcome.REFUSED, ["Get"] * 4),
    ],
)
async def test_show(answers: list[tuple[int, str | None]], outcome: Outcome, asked: list[str]) -> None:
    """Each story of answers ends in its outcome after its requests, and not one more."""
    script = Script(*answers)
    result = await show_scene(script.call, "B", pause=script.pause)

    assert (result.outcome, script.asked) == (outcome, asked)


async def test_a_scene_that_never_shows_is_given_up() -> None:
    """After a second of looking the outcome is unknown, and names what is shown instead."""
    script = Script((100, "A"), (100, None), (100, "A"))
    result = await show_scene(script.call, "B", pause=script.pause)

    assert (result.outcome, result.shown_name) == (Outcome.UNKNOWN, "A")
    assert script.waited_s == pytest.approx(1.0)


@pytest.mark.parametrize(
    ("expected", "seen", "theirs"),
    [
        (None, ["A", "A"], None),
        ("A", ["A", "A"], None),
        ("A", ["B", "B"], "B"),
        ("A", ["B"], None),
        ("A", ["B", "C"], None),
        ("A", ["B", None, "B"], None),
        ("A", ["B", "A"], None),
        ("A", ["B", "C", "C"], "C"),
    ],
)
def test_operator_scene(expected: str | None, seen: list[str | None], theirs: str | None) -> None:
    """Of reads a second apart, a scene is the operator's when it stays where another was expected."""
    sighted = None
    for now_s, scene in enumerate(seen):
        sighted = sighting(sighted, expected=expected, seen=scene, now_s=now_s)

    assert operator_scene(sighted, len(seen) - 1) == theirs
