"""`vvlive replay` of recordings in files."""

from __future__ import annotations

import json
from dataclasses import replace
from typing import TYPE_CHECKING

import pytest
from typer.testing import CliRunner

from controller.cli import app
from tests.controller.decision.world import World
from tests.fakes.prometheus_server import matrix

if TYPE_CHECKING:
    from pathlib import Path

    from typer.testing import Result


def faded(*, value: str | None = None) -> bytes:
    """Two minutes as Prometheus tells them, the links weak from 40 s to 70 s; or the same rows with one value."""
    world = World()
    rows: dict[tuple[str, tuple[tuple[str, str], ...]], list[tuple[float, str]]] = {}
    for second in range(120):
        world.conditions = replace(world.conditions, capacity_bps=1e6 if 40 <= second < 70 else 20e6)
        world.advance()
        for one in world.windows():
            newest = one.samples[-1]
            rows.setdefault((one.metric, one.labels), []).append((newest.t_s, value or str(newest.value)))
    return matrix(*(({"__name__": metric, **dict(labels)}, values) for (metric, labels), values in rows.items()))


def says(*words: str) -> Result:
    """What `vvlive replay` does where no configuration is installed."""
    return CliRunner().invoke(app, ["replay", *words], env={"VVLIVE_CONFIG": None})


def test_a_file_is_replayed_without_configuration_or_prometheus(tmp_path: Path) -> None:
    """State and scene change as in the recording, each with its reason, in words and as JSON."""
    path = tmp_path / "stream.json"
    path.write_bytes(faded())
    words, plain, both = (
        says("--file", str(path), *more) for more in ((), ("--json",), ("--policy", "locked", "--policy", "adaptive"))
    )
    told = json.loads(plain.output)["adaptive"]

    assert words.exit_code == 0, words.output
    assert "scene main to simple  The picture is " in words.output
    assert [one["to"] for one in told["scenes"]][:1] == ["simple"]
    assert {"VERY_LOW", "HIGH"} <= {one["to"] for one in told["changes"]}
    assert [line.split(":")[0] for line in both.output.splitlines()[:2]] == ["locked", "adaptive"]


def test_a_part_of_a_file_is_replayed_alone(tmp_path: Path) -> None:
    """Of its last half minute, which was good, no scene is told."""
    path = tmp_path / "stream.json"
    path.write_bytes(faded())
    told = json.loads(says("--file", str(path), "--last", "30s", "--json").output)["adaptive"]

    assert told["scenes"] == []
    assert {one["to"] for one in told["changes"]} == {"RECOVERY", "HIGH"}


@pytest.mark.parametrize(
    ("content", "more", "code", "wrong"),
    [
        (None, (), 2, "cannot be read (No such file or directory); give a file that --save wrote"),
        (b"", (), 2, "is no answer of Prometheus, as --save writes one"),
        (b"second,kbps\n", (), 2, "is no answer of Prometheus"),
        (matrix(), (), 1, "holds no samples of uplinks"),
        (faded(value="NaN"), (), 1, "holds no samples of uplinks"),
        (faded(), ("--until", "2001-01-01"), 2, "choose --until within it"),
        (faded(), ("--last", "0s"), 2, "too short; give at least 1.0s"),
        (faded(), ("--save", "other.json"), 2, "leave --save and --prometheus out"),
        (faded(), ("--policy", "bold"), 2, "bold is no policy; choose adaptive or locked"),
    ],
    ids=["missing", "empty", "a trace", "nothing", "NaN alone", "another year", "no time", "both ways", "no policy"],
)
def test_what_cannot_be_replayed_is_told_in_one_line(
    tmp_path: Path, content: bytes | None, more: tuple[str, ...], code: int, wrong: str
) -> None:
    """What is wrong, and what to give instead; no traceback and no decision from nothing."""
    path = tmp_path / "stream.json"
    if content is not None:
        path.write_bytes(content)
    done = says("--file", str(path), *more)

    assert (done.exit_code, len(done.output.splitlines())) == (code, 1)
    assert wrong in done.output


def test_a_directory_is_no_recording(tmp_path: Path) -> None:
    """It is named, with the reason."""
    done = says("--file", str(tmp_path))

    assert done.exit_code == 2
    assert f"{tmp_path} cannot be read (Is a directory)" in done.output


def test_no_time_at_all_is_not_taken_for_the_usual_one() -> None:
    """A length of nothing is refused before Prometheus is asked."""
    found = says("--prometheus", "http://127.0.0.1:9", "--last", "0s")

    assert found.exit_code == 2
    assert "too short; give at least 1.0s" in found.output
