"""What an answer in the cache is keyed by."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

from tests.bench import oracle
from tests.bench.caching import sources

ROOT = Path(oracle.__file__).parents[2]
LOADED = (
    "import sys, {0}\n"
    "files = [getattr(one, '__file__', None) for one in sys.modules.values()]\n"
    "print(*filter(None, files), sep='\\n')"
)


def test_the_key_covers_every_file_that_the_oracle_loads() -> None:
    """The files found in the imports are those of the project that an interpreter loads for the oracle."""
    command = [sys.executable, "-c", LOADED.format(oracle.__name__)]
    told = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, timeout=30, check=True).stdout
    project = {path for path in map(Path, told.splitlines()) if path.is_relative_to(ROOT / "tests")}

    assert sources(oracle.__name__) == project
    assert {path.stem for path in project} >= {"oracle", "windows", "traces", "subflow"}


def test_the_key_leaves_out_what_the_oracle_does_not_need() -> None:
    """A change of the decision core computes no oracle anew."""
    assert not [path for path in sources(oracle.__name__) if path.is_relative_to(ROOT / "controller")]
