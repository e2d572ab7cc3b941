"""The commands against a running API: words, JSON and exit codes."""

from __future__ import annotations

import asyncio
import json
import re
import threading
from contextlib import contextmanager
from dataclasses import replace
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

import pytest
import typer
from typer.testing import CliRunner

from controller.api.app import build_app
from controller.api.serving import bind, serve
from controller.cli import app
from controller.commands.ordering import seconds_of
from controller.timeline.records import Happening, Kind, Session
from tests.controller.faces import CONTROL, READ, Behind
from tests.controller.statuses import KNOWN, UNKNOWN
from tests.fakes.prometheus_server import PrometheusServer, matrix

if TYPE_CHECKING:
    from collections.abc import Callable, Coroutine, Iterator
    from pathlib import Path

    from typer.testing import Result


@contextmanager
def in_background(work: Callable[[], Coroutine[Any, Any, None]]) -> Iterator[None]:
    """Run `work` on a loop of its own until the end of the block."""
    loop = asyncio.new_event_loop()
    thread = threading.Thread(target=loop.run_forever)
    thread.start()
    task = asyncio.run_coroutine_threadsafe(work(), loop)
    try:
        yield
    finally:
        task.cancel()
        asyncio.run_coroutine_threadsafe(asyncio.sleep(0.3), loop).result()
        loop.call_soon_threadsafe(loop.stop)
        thread.join()
        loop.close()


class Shell:
    """A shell beside a controller; `says` runs a command with the control token."""

    def __init__(self, url: str, token_file: Path) -> None:
        self.url, self.token_file = url, token_file

    def says(self, *words: str, token: bool = True) -> Result:
        """What a command does."""
        reach = ["--url", self.url, *(["--token-file", str(self.token_file)] if token else [])]
        return CliRunner().invoke(app, [words[0], *words[1:], *reach])


@contextmanager
def shell(behind: Behind, directory: Path, *, token: str = CONTROL) -> Iterator[Shell]:
    """A controller that answers from `behind`."""
    bound = bind("127.0.0.1", 0)
    url = f"http://127.0.0.1:{bound.getsockname()[1]}"
    (directory / "token").write_text(f"{token}\n", encoding="utf-8")
    with in_background(lambda: serve(build_app(behind.face()), bound)):
        yield Shell(url, directory / "token")


def healthy() -> Behind:
    """A controller with nothing wrong, to which no rig is expected to report."""
    tokens = {"read": READ, "control": CONTROL}
    return Behind(status=KNOWN, tokens=tokens)


def test_status_says_how_the_stream_is(tmp_path: Path) -> None:
    """State, reason, scene and uplinks in words; the API's own answer as JSON; 0 where all is well."""
    with shell(healthy(), tmp_path) as here:
        words, plain = here.says("status"), here.says("status", "--json")

    assert (words.exit_code, plain.exit_code) == (0, 0)
    for shown in ("r1: MEDIUM, bitrate not yet in its band", "MEDIUM fits.", "delivered 2.60 Mbit/s", "modem-a"):
        assert shown in words.output
    assert json.loads(plain.output)["state"] == "MEDIUM"


def test_status_ends_with_1_where_something_is_wrong(tmp_path: Path) -> None:
    """Not armed, or a device that does not answer: the shell is told."""
    with shell(replace_status(UNKNOWN), tmp_path) as here:
        found = here.says("status")

    assert found.exit_code == 1
    assert "not armed: no data yet" in found.output


def replace_status(status: Any) -> Behind:  # noqa: ANN401 - a Status
    """As `healthy`, with another status."""
    return replace(healthy(), status=status)


def test_status_tells_what_ails_obs(tmp_path: Path) -> None:
    """A live OBS that is muted and spoken into is something wrong."""
    watch = KNOWN.studio_watch
    assert watch is not None
    assert watch.status is not None
    muted = replace(watch, status=replace(watch.status, ingest_muted=True))
    with shell(replace_status(replace(KNOWN, studio_watch=muted)), tmp_path) as here:
        words, plain = here.says("status"), here.says("status", "--json")

    assert words.exit_code == 1
    assert "studio: it is live without sound: the input is muted" in words.output
    assert json.loads(plain.output)["studio"]["findings"] == [
        "it is live without sound: the input is muted",
        "somebody speaks into the muted input",
    ]


def test_status_and_why_tell_a_scene_by_hand(tmp_path: Path) -> None:
    """A scene that the operator chose in OBS explains why the decided one is not shown; nothing is wrong with that."""
    assert KNOWN.studio is not None
    chosen = replace(KNOWN, studio=replace(KNOWN.studio, by_hand_for_s=120.4))
    with shell(replace_status(chosen), tmp_path) as here:
        status, why = here.says("status"), here.says("why")

    assert "studio: changed by hand, respected for 120 s more" in status.output
    assert "studio: changed by hand, respected for 120 s more" in why.output
    assert (status.exit_code, why.exit_code) == (0, 0)


def test_an_override_is_given_shown_and_ended(tmp_path: Path) -> None:
    """The three uses of one command."""
    behind = healthy()
    with shell(behind, tmp_path) as here:
        given = here.says("override", "--state", "LOW", "--cap-kbps", "900", "--for", "2m", "--reason", "tunnel")
        shown = here.says("override", "--json")
        ended = here.says("override", "--end")

    assert given.exit_code == 0
    assert given.output.startswith("state LOW, at most 900 kbit/s by hand until ")
    assert json.loads(shown.output)["override"]["left_s"] == 120.0
    assert ended.output == "no override\n"


@pytest.mark.parametrize(
    ("words", "code", "says"),
    [
        (["override", "--state", "LOW", "--for", "soon"], 2, "soon is no duration"),
        (["override", "--hold", "--for", "9h"], 2, "for_s: Input should be less than or equal to 14400"),
        (["override", "--hold", "--end"], 2, "contradict"),
        (["override", "--state", "GOOD"], 2, ""),
    ],
)
def test_a_wrong_order_ends_with_2(tmp_path: Path, words: list[str], code: int, says: str) -> None:
    """What cannot be is said in one line."""
    with shell(healthy(), tmp_path) as here:
        found = here.says(*words)

    assert found.exit_code == code
    assert says in found.output


def test_without_a_token_an_order_ends_with_4(tmp_path: Path) -> None:
    """Refused is told apart from wrong, and what helps is named; a read token does not order."""
    with shell(healthy(), tmp_path, token=READ) as here:
        missing, reading = here.says("override", "--hold", token=False), here.says("override", "--hold")

    assert (missing.exit_code, reading.exit_code) == (4, 4)
    assert "give it with --token-file" in missing.output
    assert READ not in reading.output


def test_nobody_there_ends_with_3(tmp_path: Path) -> None:
    """A controller that does not run is one line."""
    with bind("127.0.0.1", 0) as bound:
        port = bound.getsockname()[1]
    found = Shell(f"http://127.0.0.1:{port}", tmp_path).says("status", token=False)

    assert found.exit_code == 3
    assert "is the controller running?" in found.output


def test_a_scene_of_ours_is_an_override_and_another_is_shown(tmp_path: Path) -> None:
    """Ours has an end; OBS's own are shown as if chosen there."""
    behind = healthy()
    with shell(behind, tmp_path) as here:
        ours, other = here.says("scene", "audio_only", "--for", "60s"), here.says("scene", "Intro")

    assert ours.output.startswith("scene audio_only by hand until ")
    assert (other.exit_code, other.output) == (0, "Intro: the test says applied\n")
    assert behind.studio is not None
    assert behind.studio.scene == "Intro"


def test_why_says_so_when_nothing_was_decided(tmp_path: Path) -> None:
    """An empty ring is no error."""
    with shell(healthy(), tmp_path) as here:
        found = here.says("why")

    assert (found.exit_code, found.output.splitlines()[-1]) == (0, "Nothing was decided yet.")


def test_why_tells_the_last_decisions_of_both_controllers(tmp_path: Path) -> None:
    """The newest first; what became of an order stands with its decision, also where the rig's log told of both."""
    behind = healthy()
    data = {"rule": "picture-late", "values": {}, "evidence": {}, "freshness": "fresh", "age_s": 0.2, "decision": 4}
    target = {"bitrate_bps": 900_000, "height_px": 360, "audio_only": False}
    theirs = {**data, "rule": "trim-down", "state": "LOW", "from": "HIGH", "target": target}
    applied = {"decision": 4, "decided_s": 99.0, "applied_s": 99.3, "shown_s": None}
    behind.store.add(
        [Happening(100.0, Kind.DECISION, "obs", "It is late.", {**data, "scene": "simple", "target": None})]
    )
    behind.store.add_foreign(
        "rig",
        [
            (1, Happening(99.0, Kind.TRANSITION, "encoder", "A queue.", theirs)),
            (2, Happening(99.3, Kind.ORDER, "encoder", "applied", applied)),
        ],
    )
    with shell(behind, tmp_path) as here:
        both, last, plain = (here.says("why", *more) for more in ((), ("--last", "1"), ("--last", "1", "--json")))

    assert [line[10:] for line in both.output.splitlines() if line[2:3] == ":"] == [
        "obs: scene simple",
        "encoder: HIGH to LOW, 360p at 900 kbit/s",
    ]
    assert "encoder: applied after 0.30 s" in both.output
    assert "encoder" not in last.output
    assert [one["subject"] for one in json.loads(plain.output)] == ["obs"]


def test_why_at_a_moment_reads_the_timeline(tmp_path: Path) -> None:
    """What happened around it, in words and as JSON; where nothing is kept, from when on something is."""
    behind = healthy()
    at_s = datetime.fromisoformat("2026-11-23T14:32").timestamp()
    behind.store.add(
        [
            Happening(at_s - 31.0, Kind.UPLINK, "modem-b", "it acknowledges nothing any more"),
            Happening(at_s + 5.0, Kind.UPLINK, "modem-a", "it acknowledges nothing any more"),
        ]
    )
    with shell(behind, tmp_path) as here:
        words, plain = (here.says("why", "--at", "2026-11-23T14:32", *more) for more in ((), ("--json",)))
        nothing = here.says("why", "--at", "2026-11-22T14:32")

    assert words.output == "14:32:05  modem-a: it acknowledges nothing any more\n"
    assert [one["subject"] for one in json.loads(plain.output)] == ["modem-a"]
    assert nothing.exit_code == 1
    assert "nothing around 2026-11-22 14:32:00; it begins 2026-11-23 14:31:29" in nothing.output


def test_a_report_is_written_in_three_ways(tmp_path: Path) -> None:
    """The last stream, or one by its number, to the terminal or into a file."""
    behind = healthy()
    behind.store.put_session(Session(started_s=100.0, seen_s=160.0, ended_s=160.0, live_s=60.0))
    behind.store.add([Happening(120.0, Kind.UPLINK, "modem-a", "it acknowledges nothing any more")])
    with shell(behind, tmp_path) as here:
        text, plain = here.says("report"), here.says("report", "--json")
        written = here.says("report", "--format", "html", "--output", str(tmp_path / "r.html"))
        missing = here.says("report", "--session", "9")

    assert "modem-a: it acknowledges nothing any more" in text.output
    assert json.loads(plain.output)["live_s"] == 60.0
    assert written.exit_code == 0
    assert (tmp_path / "r.html").read_text(encoding="utf-8").startswith("<!doctype html>")
    assert missing.exit_code == 1


def test_replay_decides_again_from_prometheus(tmp_path: Path) -> None:
    """A collapse in the samples is a change in the replay, with its reason."""
    now_s = 1_700_000_000.0
    values = [(now_s - 120 + n, str((20e6 if n < 60 else 4e5) / 8)) for n in range(120)]
    rows = [
        ({"__name__": f"mptcp_connection_capacity_{bound}_bytes_per_second", "site": "edge", "job": "m"}, values)
        for bound in ("lower", "upper")
    ]
    server = PrometheusServer(matrix(*rows))
    started = threading.Event()

    async def serving() -> None:
        await server.start(0)
        started.set()
        try:
            await asyncio.sleep(3_600)
        finally:
            await server.stop()

    with in_background(serving):
        assert started.wait(5.0)
        config = tmp_path / "c.yml"
        config.write_text(f"rig: r1\nobs: {{}}\nprometheus: {{url: '{server.url}'}}\n", encoding="utf-8")
        # On this machine's clock, as a person would write it.
        here = datetime.fromtimestamp(now_s, UTC).astimezone().replace(tzinfo=None)
        until = ["--until", here.isoformat(timespec="seconds")]
        asked = ["replay", "-c", str(config), "--last", "2m", *until]
        plain, words, both, wrong = (
            CliRunner().invoke(app, [*asked, *more])
            for more in (
                ["--policy", "locked", "--json"],
                ["--policy", "locked"],
                ["--policy", "locked", "--policy", "adaptive"],
                ["--policy", "bold"],
            )
        )
        kept = tmp_path / "stream.json"
        unconfigured = ["replay", "--prometheus", server.url, "--last", "2m", *until, "--save", str(kept), "--json"]
        saved = CliRunner().invoke(app, unconfigured, env={"VVLIVE_CONFIG": None})
        again = CliRunner().invoke(app, ["replay", "--file", str(kept), "--json"], env={"VVLIVE_CONFIG": None})

    assert plain.exit_code == 0, plain.output
    told = json.loads(plain.output)["locked"]
    falls = told["changes"]
    assert [(one["to"], one["rule"]) for one in falls] == [
        ("VERY_LOW", "capacity-below-floor"),
        ("ERROR", "capacity-below-floor"),
    ]
    assert (
        f"{len(told['changes'])} changes of state, 0 of scene, {told['mean_bitrate_bps'] / 1e6:.2f} Mbit/s"
        in words.output
    )
    assert falls[0]["reason"] in words.output
    assert [line.split(":")[0] for line in both.output.splitlines()[:2]] == ["locked", "adaptive"]
    assert re.search(r"\d\d:\d\d:\d\d +ERROR, 0\.30 Mbit/s +[A-Z]", both.output)
    assert (wrong.exit_code, "bold is no policy; choose adaptive or locked" in wrong.output) == (2, True)
    assert "[132000ms]" in server.queries[0]["query"]
    assert saved.exit_code == 0, saved.output
    assert kept.read_bytes() == server.body
    assert [one["to"] for one in json.loads(again.output)["adaptive"]["changes"]] == [
        one["to"] for one in json.loads(saved.output)["adaptive"]["changes"]
    ]


@pytest.mark.parametrize(("text", "seconds"), [("90", 90.0), ("90s", 90.0), ("10m", 600.0), ("1.5h", 5400.0)])
def test_durations(text: str, seconds: float) -> None:
    """Seconds without a unit, minutes and hours with theirs."""
    assert seconds_of(text) == seconds


@pytest.mark.parametrize("text", ["", "m", "-5m", "5d", "1e3s", "nan"])
def test_what_is_no_duration_is_refused(text: str) -> None:
    """It ends the program with code 2."""
    with pytest.raises(typer.Exit) as ended:
        seconds_of(text)
    assert ended.value.exit_code == 2
