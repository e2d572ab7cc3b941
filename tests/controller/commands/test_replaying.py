"""`vvlive replay` of recordings in files."""

from __future__ import annotations

import asyncio
import json
from dataclasses import replace
from datetime import datetime
from typing import TYPE_CHECKING

import pytest
from typer.testing import CliRunner

from controller.cli import app
from controller.config_file import load
from deploy.demo import rendering
from tests.controller.decision.world import World
from tests.fakes.prometheus_server import PrometheusServer, matrix

if TYPE_CHECKING:
    from pathlib import Path

    from typer.testing import Result


def faded(*, value: str | None = None, every_s: float = 1.0) -> bytes:
    """Two minutes as Prometheus tells them, the links weak from 40 s to 70 s; or the same rows with one value."""
    world = World(period_s=every_s)
    rows: dict[tuple[str, tuple[tuple[str, str], ...]], list[tuple[float, str]]] = {}
    for number in range(round(120 / every_s)):
        world.conditions = replace(world.conditions, capacity_bps=1e6 if 40 <= number * every_s < 70 else 20e6)
        world.advance()
        for one in world.windows():
            newest = one.samples[-1]
            rows.setdefault((one.metric, one.labels), []).append((newest.t_s, value or str(newest.value)))
    return matrix(*(({"__name__": metric, **dict(labels)}, values) for (metric, labels), values in rows.items()))


def _once() -> bytes:
    """One scrape of an uplink, and ten seconds later one of the ingest."""
    return matrix(
        ({"__name__": "mptcp_uplink_subflows", "uplink": "a"}, [(10.0, "1")]),
        ({"__name__": "ingest_stream_publishing"}, [(20.0, "1")]),
    )


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
    ("every_s", "more", "period_s"),
    [(1.0, (), 1.0), (0.5, (), 0.5), (0.5, ("--period", "2s"), 2.0)],
    ids=["each second", "twice a second", "as asked"],
)
def test_a_rig_of_which_nothing_is_known_decides_as_often_as_it_was_scraped(
    tmp_path: Path, every_s: float, more: tuple[str, ...], period_s: float
) -> None:
    """Unless another period is asked for; which it was stands in words and as JSON."""
    path = tmp_path / "stream.json"
    path.write_bytes(faded(every_s=every_s))
    told = json.loads(says("--file", str(path), "--json", *more).output)["adaptive"]

    assert told["period_s"] == period_s
    assert f"deciding every {period_s:g} s" in says("--file", str(path), *more).output


def test_what_prometheus_has_is_replayed_from_its_first_sample_on(tmp_path: Path) -> None:
    """Of ten minutes asked for, two are there: as in the file of them, nothing is decided about the eight before."""
    path, answer = tmp_path / "stream.json", faded()
    path.write_bytes(answer)
    ends_s = max(t_s for one in json.loads(answer)["data"]["result"] for t_s, _ in one["values"])
    until = datetime.fromtimestamp(ends_s).isoformat()  # noqa: DTZ006 - the command takes this machine's clock

    async def replayed() -> Result:
        async with PrometheusServer(answer) as server:
            return await asyncio.to_thread(says, "--prometheus", server.url, "--until", until, "--json")

    done = asyncio.run(replayed())

    assert json.loads(done.output) == json.loads(says("--file", str(path), "--json").output)


def test_the_demo_is_replayed_with_its_own_configuration(tmp_path: Path) -> None:
    """As often as its controller looks, whatever was scraped, and with the picture that it has in HIGH."""
    secret = tmp_path / "secret"
    secret.write_text("s" * 32)
    config = rendering.edge_controller(
        tmp_path,
        policy="adaptive",
        personality="live",
        password_file=secret,
        tokens=rendering.TokenFiles(control=secret, link=secret),
    )
    path = tmp_path / "stream.json"
    path.write_bytes(faded())
    usual, demo = (
        json.loads(says("--file", str(path), "--json", *more).output)["adaptive"] for more in ((), ("-c", str(config)))
    )

    assert (usual["period_s"], demo["period_s"]) == (1.0, load(config, environment={}).config.prometheus.period_s)
    assert demo["period_s"] < usual["period_s"]
    assert usual["resizes_per_h"] > demo["resizes_per_h"]
    assert says("-c", str(config), "--file", str(path), "--period", "1s").output.count("deciding every 1 s") == 1


@pytest.mark.parametrize(
    ("content", "more", "code", "wrong"),
    [
        (None, (), 2, "cannot be read (No such file or directory); give a file that --save wrote"),
        (b"", (), 2, "is no answer of Prometheus, as --save writes one"),
        (b"second,kbps\n", (), 2, "is no answer of Prometheus"),
        (matrix(), (), 1, "holds no samples of uplinks"),
        (faded(value="NaN"), (), 1, "holds no samples of uplinks"),
        (faded(), ("--until", "2001-01-01"), 2, "choose --until within it"),
        (faded(), ("--last", "0s"), 2, "too short; give at least 1s"),
        (faded(), ("--save", "other.json"), 2, "leave --save and --prometheus out"),
        (faded(), ("--period", "0.05s"), 2, "--period 0.05s is no controller's; give 0.1s to 60s"),
        (faded(), ("--period", "61s"), 2, "--period 61s is no controller's; give 0.1s to 60s"),
        (faded(), ("--period", "often"), 2, "often is no duration"),
        (faded(), ("--period", "30s", "--last", "20s"), 2, "20.0 s are too short; give at least 30s"),
        (_once(), (), 2, "nothing tells how often the uplinks were scraped; say how often to decide with --period"),
        (faded(), ("--policy", "bold"), 2, "bold is no policy; choose adaptive or locked"),
    ],
    ids=[
        "missing",
        "empty",
        "a trace",
        "nothing",
        "NaN alone",
        "another year",
        "no time",
        "both ways",
        "too often",
        "too seldom",
        "no period",
        "one decision",
        "one scrape",
        "no policy",
    ],
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
    assert "too short; give at least 0.1s" in found.output
