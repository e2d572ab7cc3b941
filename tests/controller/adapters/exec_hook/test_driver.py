"""The encoder port through a program, whatever the program does."""

from __future__ import annotations

import json
import sys
import time
from contextlib import suppress
from pathlib import Path
from typing import Any

import pytest

from controller.adapters.exec_hook import exec_encoder
from controller.adapters.json_verbs import Deadlines, VerbsEncoder
from controller.adapters.json_verbs.driver import impact_of, matches
from controller.decision.model import EncoderTarget
from controller.ports import Impact, Impacts, Outcome
from tests.fakes import encoder_program

LIVE = Impacts(bitrate=Impact.NONE, geometry=Impact.GLITCH, audio_only=Impact.GLITCH)
NOW = EncoderTarget(2_500_000, 1280, 720, 30)
LOWER = EncoderTarget(1_200_000, 1280, 720, 30)
# A Python program takes 0.1 s to start, on a busy machine a second.
PATIENT = Deadlines(read_s=10.0, order_s=10.0)
QUICK = Deadlines(read_s=10.0, order_s=1.5)


class Stand:
    """A program with its state."""

    def __init__(self, folder: Path) -> None:
        self.file = folder / "state.json"
        self.file.write_text(json.dumps({"target": encoder_program.START, "publishing": True, "asked": []}))

    def driver(
        self, character: str = "honest", *, impacts: Impacts = LIVE, deadlines: Deadlines = PATIENT
    ) -> VerbsEncoder:
        """A driver that runs it."""
        argv = [sys.executable, "-I", "-S", encoder_program.__file__, str(self.file), character]
        return exec_encoder(argv, impacts=impacts, deadlines=deadlines)

    @property
    def state(self) -> dict[str, Any]:
        """What the program has set and was asked."""
        state: dict[str, Any] = json.loads(self.file.read_text())
        return state


@pytest.fixture
def stand(tmp_path: Path) -> Stand:
    """A program at its start."""
    return Stand(tmp_path)


async def test_reads(stand: Stand) -> None:
    """What the program tells is what is read."""
    status = await stand.driver().read()

    assert (status.reachable, status.configured, status.publishing, status.has_input) == (True, NOW, True, True)
    assert (status.uptime_s, status.problem) == (60.0, None)


async def test_applies_and_asks_again(stand: Stand) -> None:
    """An order is believed when the next read shows it."""
    result = await stand.driver().apply(LOWER, Impact.GLITCH)

    assert (result.outcome, result.read_back, result.clamped) == (Outcome.APPLIED, LOWER, False)
    assert stand.state["asked"] == ["read", "apply", "read"]


async def test_what_is_set_already_is_not_ordered(stand: Stand) -> None:
    """Asking for what is there orders nothing."""
    result = await stand.driver().apply(NOW, Impact.NONE)

    assert (result.outcome, stand.state["asked"]) == (Outcome.APPLIED, ["read"])


@pytest.mark.parametrize(
    ("character", "outcome"),
    [
        ("lies", Outcome.UNKNOWN),
        ("half", Outcome.UNKNOWN),
        ("rounds up", Outcome.UNKNOWN),
        ("refuses", Outcome.REFUSED),
        ("stores", Outcome.STORED),
        ("rounds", Outcome.APPLIED),
        ("works and dies", Outcome.APPLIED),
        ("cannot be read again", Outcome.UNKNOWN),
    ],
)
async def test_characters(stand: Stand, character: str, outcome: Outcome) -> None:
    """What the program does decides, as its next read shows it; not what it says."""
    result = await stand.driver(character).apply(LOWER, Impact.GLITCH)

    assert result.outcome is outcome


@pytest.mark.parametrize(("character", "outcome"), [("hangs", Outcome.UNKNOWN), ("works and hangs", Outcome.APPLIED)])
async def test_a_program_that_does_not_end_is_ended(stand: Stand, character: str, outcome: Outcome) -> None:
    """After the deadline the program is killed, and the read-back alone decides."""
    result = await stand.driver(character, deadlines=QUICK).apply(LOWER, Impact.GLITCH)

    assert result.outcome is outcome


async def test_rounding_is_told(stand: Stand) -> None:
    """A program that sets the nearest lower value is believed, and the result is marked clamped."""
    result = await stand.driver("rounds").apply(LOWER, Impact.GLITCH)

    assert (result.clamped, result.read_back) == (True, EncoderTarget(1_000_000, 1280, 720, 30))


@pytest.mark.parametrize(
    ("character", "says"),
    [
        ("says nothing", "not one JSON object"),
        ("says garbage", "not one JSON object"),
        ("says a list", "not one JSON object"),
        ("says deep", "not one JSON object"),
        ("fails", "ended with status 3"),
        ("floods", "more than 64 KiB"),
    ],
)
async def test_bad_answers(stand: Stand, character: str, says: str) -> None:
    """A program that does not answer as it should is unreachable with the reason, and nothing is ordered."""
    driver = stand.driver(character)
    status, result = await driver.read(), await driver.apply(LOWER, Impact.REBOOT)

    assert (status.reachable, status.configured, result.outcome) == (False, None, Outcome.REFUSED)
    assert says in (status.problem or "")
    assert "try it by hand" in (status.problem or "")
    assert await driver.probe() is None


async def test_a_sleeper_costs_one_deadline(stand: Stand) -> None:
    """A program that never ends costs the deadline, not for ever."""
    started_s = time.monotonic()
    status = await stand.driver("sleeps", deadlines=Deadlines(read_s=0.3)).read()

    assert (status.reachable, "within 0.3 s" in (status.problem or "")) == (False, True)
    assert time.monotonic() - started_s < 10


async def test_a_child_that_holds_the_output_ends_too(stand: Stand) -> None:
    """A child that was left behind with the output open is killed with its session."""
    status = await stand.driver("leaves a child", deadlines=Deadlines(read_s=2.0)).read()
    left = _left_of(f"{stand.file} is held")

    assert (status.reachable, left) == (False, [])


def _left_of(argument: str) -> list[str]:
    """The processes with `argument`, after those that were killed had time to go."""
    deadline_s = time.monotonic() + 10
    while (left := _running_with(argument)) and time.monotonic() < deadline_s:
        time.sleep(0.05)
    return left


def _running_with(argument: str) -> list[str]:
    found = []
    for place in Path("/proc").glob("[0-9]*/cmdline"):
        with suppress(OSError):  # it ended meanwhile
            found += [place.parent.name] if argument.encode() in place.read_bytes().split(b"\0") else []
    return found


async def test_the_environment_is_bare(stand: Stand, monkeypatch: pytest.MonkeyPatch) -> None:
    """The controller's environment, which may hold its passwords, is not handed on."""
    monkeypatch.setenv("VVLIVE_ENCODER_PASSWORD", "secret")
    status = await stand.driver("tells its surroundings").read()

    assert set((status.problem or "").split()) <= {"HOME", "LANG", "LC_CTYPE", "PATH", "TZ"}


@pytest.mark.parametrize("argv", [[], ["encoder.sh"], ["./encoder.sh", "1"]])
def test_only_absolute_paths(argv: list[str]) -> None:
    """A path that depends on where the controller was started is refused."""
    with pytest.raises(ValueError, match="absolute path"):
        exec_encoder(argv)


async def test_no_such_program(tmp_path: Path) -> None:
    """A program that cannot be started is unreachable, with the remedy."""
    status = await exec_encoder([str(tmp_path / "none")]).read()

    assert "check the path" in (status.problem or "")


@pytest.mark.parametrize(("impacts", "max_impact"), [(Impacts(), Impact.RECONNECT), (LIVE, Impact.NONE)])
async def test_refuses_what_costs_too_much(stand: Stand, impacts: Impacts, max_impact: Impact) -> None:
    """A change above the permitted impact is not ordered, and what nobody calibrated counts as a reboot."""
    result = await stand.driver(impacts=impacts).apply(EncoderTarget(1_200_000, 640, 360, 30), max_impact)

    assert (result.outcome, stand.state["asked"]) == (Outcome.REFUSED, ["read"])


async def test_uncalibrated_is_stored_at_most(stand: Stand) -> None:
    """With a reboot permitted an uncalibrated change is ordered, and counts as stored."""
    result = await stand.driver(impacts=Impacts()).apply(LOWER, Impact.REBOOT)

    assert result.outcome is Outcome.STORED


@pytest.mark.parametrize(
    ("character", "outcome"),
    [("honest", Outcome.APPLIED), ("lies", Outcome.UNKNOWN), ("refuses", Outcome.REFUSED)],
)
async def test_publish(stand: Stand, character: str, outcome: Outcome) -> None:
    """Publishing is switched when the next read says so."""
    assert (await stand.driver(character).publish(on=False)).outcome is outcome


@pytest.mark.parametrize(("character", "outcome"), [("honest", Outcome.UNKNOWN), ("refuses", Outcome.REFUSED)])
async def test_restart(stand: Stand, character: str, outcome: Outcome) -> None:
    """A restart is ordered once, and is open until the uptime tells."""
    assert (await stand.driver(character).restart()).outcome is outcome
    assert stand.state["asked"] == ["restart"]


@pytest.mark.parametrize(
    ("now", "goal", "impact"),
    [
        (NOW, NOW, Impact.NONE),
        (NOW, LOWER, Impact.GLITCH),
        (NOW, EncoderTarget(2_500_000, 640, 360, 30), Impact.REBOOT),
        (NOW, EncoderTarget(2_500_000, 1280, 720, 30, audio_only=True), Impact.RECONNECT),
        (None, NOW, Impact.REBOOT),
    ],
)
def test_impact_of(now: EncoderTarget | None, goal: EncoderTarget, impact: Impact) -> None:
    """The dearest changed field counts, and from an unknown state all of them."""
    impacts = Impacts(bitrate=Impact.GLITCH, audio_only=Impact.RECONNECT)

    assert impact_of(now, goal, impacts) is impact


def test_a_goal_without_floor_matches_any() -> None:
    """A floor that nobody asked for is no difference; one that was asked for is."""
    floored = EncoderTarget(2_500_000, 1280, 720, 30, floor_bps=300_000)

    assert matches(floored, NOW)
    assert not matches(NOW, floored)
    assert not matches(None, NOW)
