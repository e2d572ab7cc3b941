"""Stories: conditions over time, and the decisions that follow, as an operator reads them.

`pytest tests/scenarios --update-scenarios` writes the decisions anew; read the diff before committing it.
"""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.scenarios.telling import RULE, play, read

_STORIES = sorted(Path(__file__).parent.glob("*.txt"))


@pytest.mark.parametrize("story", _STORIES, ids=lambda path: path.stem)
def test_the_story_ends_as_told(story: Path, request: pytest.FixtureRequest) -> None:
    """The decisions on the file's conditions are those that stand in the file."""
    words, lines, told = read(story.read_text(encoding="utf-8"))
    happened = play(lines)
    if request.config.getoption("--update-scenarios", default=False):
        conditions = story.read_text(encoding="utf-8").split(f"{RULE}\n")[1]
        story.write_text(f"{words}\n{RULE}\n{conditions}{RULE}\n{happened}\n", encoding="utf-8")
        return

    assert told == happened


def test_there_are_stories() -> None:
    """A directory that lost its files would otherwise pass."""
    assert len(_STORIES) >= 6
