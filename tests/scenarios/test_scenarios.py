"""Stories: conditions over time, and the decisions that follow, as an operator reads them.

`pytest tests/scenarios --update-scenarios` writes the decisions anew; read the diff before committing it.
"""

from __future__ import annotations

from pathlib import Path

import pytest

from controller.decision.model import Quality
from controller.decision.policies import LOCKED
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


def test_each_row_of_the_table_has_a_story() -> None:
    """Every condition that leaves a rung downwards, and every rung that is climbed to; none is lost unseen."""
    rungs = {rung.quality.value: rung for rung in LOCKED.rungs}
    rows = {f"table_{name.lower()}_bandwidth" for name, rung in rungs.items() if rung.floor}
    rows |= {f"table_{name.lower()}_loss" for name, rung in rungs.items() if rung.floor and rung.floor.loss_above_ratio}
    told = {path.stem: read(path.read_text(encoding="utf-8"))[2] for path in _STORIES}
    climbed = {line.split()[2] for story in told.values() for line in story.splitlines() if "[recovery-proved]" in line}

    assert rows <= set(told)
    assert climbed >= set(rungs) - {Quality.ERROR.value}
