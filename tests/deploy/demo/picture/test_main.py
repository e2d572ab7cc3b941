"""The probe's lines."""

from __future__ import annotations

import json
import subprocess
import sys
from typing import TYPE_CHECKING

import pytest

from deploy.demo.picture.__main__ import FROZEN_AFTER_S, main, sighting
from deploy.demo.picture.log import Sight, newest
from deploy.demo.picture.reading import Newest
from tests.deploy.demo.streaming import until

if TYPE_CHECKING:
    from pathlib import Path

NOW_S = 1_800_000_000.0


@pytest.mark.parametrize(
    ("seen", "sight", "age_s"),
    [
        (None, Sight.NOTHING, None),
        (Newest(arrived_s=NOW_S, captured_s=None), Sight.UNSTAMPED, None),
        (Newest(arrived_s=NOW_S - 0.1, captured_s=NOW_S - 0.4), Sight.LIVE, 0.4),
        (Newest(arrived_s=NOW_S - 0.1, captured_s=NOW_S - 30), Sight.LIVE, 30.0),
        (Newest(arrived_s=NOW_S - FROZEN_AFTER_S - 1, captured_s=NOW_S - 2.5), Sight.FROZEN, 2.5),
    ],
)
def test_each_sight_has_its_line(seen: Newest | None, sight: Sight, age_s: float | None) -> None:
    """Late but flowing is live, with its age; standing still is frozen, and its age grows."""
    found = sighting(seen, NOW_S)
    assert (found.sight, found.age_s) == (sight, age_s)
    assert (found.captured_t is None) == (age_s is None)


def test_a_missing_address_file_is_said_in_a_line(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """The message names the file; the exit code is 2."""
    assert main(["--source-file", str(tmp_path / "absent")]) == 2
    assert str(tmp_path / "absent") in capsys.readouterr().err


def test_the_probe_writes_until_told_to_stop(tmp_path: Path) -> None:
    """Without a stream it says so five times a second, and SIGTERM ends it with code 0."""
    address, output = tmp_path / "address", tmp_path / "log"
    address.write_text("rtmp://127.0.0.1:9/live/5ecret\n")
    argv = [sys.executable, "-m", "deploy.demo.picture", "--source-file", str(address), "--output", str(output)]
    with subprocess.Popen(argv, stderr=subprocess.PIPE, text=True) as process:
        try:
            seen = until(lambda: newest(output), what="the first line")
        finally:
            process.terminate()
        _, errors = process.communicate(timeout=10)
    assert process.returncode == 0
    assert seen.sight is Sight.NOTHING
    assert "5ecret" not in errors + output.read_text()
    assert set(json.loads(output.read_text().splitlines()[0])) == {"t", "sight", "captured_t", "age_s"}
