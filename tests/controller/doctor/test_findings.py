"""How each part is judged from what was read of it."""

from __future__ import annotations

from pathlib import Path

import pytest

from controller.decision.model import EncoderTarget
from controller.doctor import findings
from controller.doctor.findings import Finding, Room, Verdict
from controller.ports import EncoderStatus, NoAnswer, StudioAnswer, StudioStatus, Window
from tests.fakes.devices import series

NOW_S = 1_700_000_000.0
SCENES = ("Main Camera", "Audio Only")
OBS = StudioStatus(reachable=True, scene_name="Main Camera", scene_names=SCENES)
GIGABYTE = 1_000_000_000


def window(age_s: float) -> Window:
    """One series whose newest sample is so old."""
    return Window(series=(series("mptcp_uplink_dead", 0.0, until_s=NOW_S - age_s, labels={"uplink": "a"}),))


@pytest.mark.parametrize(
    ("answer", "verdict", "says"),
    [
        (window(0.5), Verdict.FINE, "1 series with rig=r1, the newest 0.5 s old"),
        (window(9.0), Verdict.WRONG, "the newest 9.0 s old; automation needs 2.5 s"),
        (window(-30.0), Verdict.WRONG, "from the future"),
        (Window(series=()), Verdict.WRONG, "no sample with rig=r1"),
        (NoAnswer("unknown because Prometheus cannot be reached"), Verdict.WRONG, "Prometheus cannot be reached"),
    ],
)
def test_prometheus_must_have_new_samples_of_this_rig(answer: Window | NoAnswer, verdict: Verdict, says: str) -> None:
    """Reachable is not enough: what automation would not be armed with is wrong here too."""
    (found,) = findings.of_prometheus(answer, now_s=NOW_S, max_age_s=2.5, match={"rig": "r1"})

    assert found.verdict is verdict
    assert says in found.text
    assert (found.remedy is None) is (verdict is Verdict.FINE)


@pytest.mark.parametrize(
    ("status", "verdict", "says"),
    [
        (EncoderStatus(reachable=False, problem="no connection; check its cable"), Verdict.WRONG, "check its cable"),
        (EncoderStatus(reachable=True), Verdict.REMARK, "does not say what it plays"),
        (
            EncoderStatus(reachable=True, configured=EncoderTarget(2_500_000, 1280, 720, 30)),
            Verdict.FINE,
            "plays 1280x720 at 30 fps, 2500 kbit/s",
        ),
    ],
)
def test_an_encoder_that_answers_is_told_with_what_it_plays(status: EncoderStatus, verdict: Verdict, says: str) -> None:
    """What its changes cost is another command's."""
    found = findings.of_encoder(status)

    assert found.verdict is verdict
    assert says in found.text


def studio(status: StudioStatus, inputs: StudioAnswer | None, *, source: str | None) -> list[tuple[str, Verdict]]:
    """What is found of an OBS where two scenes and `source` are configured."""
    found = findings.of_studio(status, inputs, scenes=SCENES, source=source)
    return [(one.text, one.verdict) for one in found]


def test_obs_must_have_the_scenes_and_the_source_that_are_configured() -> None:
    """Each missing one is named; a source that is not configured is a remark."""
    inputs = StudioAnswer(reachable=True, ok=True, data={"inputs": [{"inputName": "Ingest"}, "?"]})
    poor = StudioStatus(reachable=True, scene_name="Main Camera", scene_names=("Main Camera",))

    fine = ("it answers and shows Main Camera", Verdict.FINE)
    assert studio(OBS, inputs, source="Ingest") == [fine]
    assert studio(poor, inputs, source="Camera") == [
        fine,
        ("there is no scene Audio Only", Verdict.WRONG),
        ("there is no source Camera", Verdict.WRONG),
    ]
    assert studio(OBS, None, source=None) == [fine, ("obs.ingest_source is not configured", Verdict.REMARK)]


def test_an_obs_that_does_not_answer_is_one_finding() -> None:
    """Nothing else can be known of it."""
    silent = StudioStatus(reachable=False, problem="no connection; start OBS")

    assert studio(silent, None, source="Ingest") == [("no connection; start OBS", Verdict.WRONG)]


@pytest.mark.parametrize(
    ("room", "verdict"),
    [
        (None, Verdict.REMARK),
        (Room(Path("/s"), writable=True, free_bytes=GIGABYTE), Verdict.FINE),
        (Room(Path("/s"), writable=True, free_bytes=250_000_000), Verdict.REMARK),
        (Room(Path("/s"), writable=True, free_bytes=1_000_000), Verdict.WRONG),
        (Room(Path("/s"), writable=False, free_bytes=GIGABYTE), Verdict.WRONG),
    ],
)
def test_what_must_outlive_a_restart_needs_a_place_with_room(room: Room | None, verdict: Verdict) -> None:
    """No place, no room and no right to write are told apart, with what to do."""
    found = findings.of_room(room, most_bytes=200_000_000)

    assert found.verdict is verdict
    assert (found.remedy is None) is (verdict is Verdict.FINE)


@pytest.mark.parametrize(
    ("synchronised", "verdict"), [(True, Verdict.FINE), (False, Verdict.WRONG), (None, Verdict.UNKNOWN)]
)
def test_a_clock_that_nobody_sets_is_wrong(synchronised: bool | None, verdict: Verdict) -> None:  # noqa: FBT001 - a table's column
    """Ages are judged by it; not knowing is no health."""
    assert findings.of_clock(synchronised).verdict is verdict


@pytest.mark.parametrize(
    ("health", "verdict", "says"),
    [
        (None, Verdict.REMARK, "nothing answers at 127.0.0.1:8000"),
        ({"healthy": True, "problem": None}, Verdict.FINE, "it runs"),
        ({"healthy": False, "problem": "the last tick was 9.0 s ago\n"}, Verdict.WRONG, "the last tick was 9.0 s ago"),
    ],
)
def test_a_controller_that_hangs_is_worse_than_none(
    health: dict[str, object] | None, verdict: Verdict, says: str
) -> None:
    """Before its first start nothing is wrong with a controller that does not run."""
    found = findings.of_controller(health, listen="127.0.0.1:8000")

    assert found.verdict is verdict
    assert says in found.text


def test_the_link_is_judged_by_what_the_other_end_said() -> None:
    """A refused token is named as it was told."""
    assert findings.of_link(None).verdict is Verdict.FINE
    assert findings.of_link("the VPS's controller refuses the token").text == "the VPS's controller refuses the token"


def test_each_secret_that_others_may_read_is_told_once() -> None:
    """One file may hold the password of two parts."""
    shared, private = (Path("/etc/vvlive/a"), 0o644), (Path("/etc/vvlive/b"), 0o600)
    found = list(findings.of_secrets([shared, private, shared]))

    assert [(one.verdict, one.remedy) for one in found] == [(Verdict.REMARK, "chmod 600 /etc/vvlive/a")]


def test_what_the_bonds_doctor_says_is_passed_on() -> None:
    """Thing, problem, consequence and remedy; silence is good news."""
    one = {"thing": "sysctl x", "problem": "is 1", "consequence": "it hangs", "remedy": "run pi-up"}

    assert list(findings.of_bond("pi", [one])) == [
        Finding("bond", Verdict.WRONG, "sysctl x: is 1 (it hangs)", "run pi-up")
    ]
    assert [one.verdict for one in findings.of_bond("pi", [])] == [Verdict.FINE]
