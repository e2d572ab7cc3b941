"""Golden files: `pytest tests/exporters --update-golden` rewrites them; review the difference before committing."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING

import pytest
from hypothesis import settings

from exporters.serving import main

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path


# An example's time says nothing on a machine that runs other things too.
settings.register_profile("untimed", deadline=None)
settings.load_profile("untimed")


def pytest_addoption(parser: pytest.Parser) -> None:
    """Add the flag that accepts what the code says now."""
    parser.addoption("--update-golden", action="store_true", help="rewrite the golden files of the exporters")


@pytest.fixture
def golden(request: pytest.FixtureRequest) -> Callable[[Path, str], None]:
    """Compare a text with a golden file, or rewrite the file when asked to."""
    update = request.config.getoption("--update-golden", default=False)

    def compare(path: Path, text: str) -> None:
        if update:
            path.parent.mkdir(exist_ok=True)
            path.write_text(text, encoding="utf-8")
        assert text == path.read_text(encoding="utf-8")

    return compare


@pytest.fixture
def refused(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> Callable[..., str]:
    """What an exporter's `run`, called by `name`, tells a command line that it must refuse: one line, exit code 2."""

    def told(run: Callable[[], None], name: str, *given: str) -> str:
        monkeypatch.setattr(sys, "argv", [name, *given])
        with pytest.raises(SystemExit) as ended:
            main(run, f"python -m {name}")
        assert ended.value.code == 2
        said = capsys.readouterr().err
        assert said.count("\n") == 1
        return said

    return told
