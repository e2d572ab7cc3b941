"""The ratchet, and the committed core held against it."""

from __future__ import annotations

from itertools import product
from pathlib import Path

import pytest

from tests.bench import __main__ as command
from tests.bench import floors
from tests.bench.link import Transport
from tests.bench.running import PRODUCT
from tests.bench.simulation import ChangeCost

PRODUCTS = ["--policy", "adaptive", "--policy", "locked", "--jobs", "2"]
BEFORE = "crowd 2/"


def held_by(words: str) -> list[str]:
    """Model, cost and policy of every row that the command computes on its set, without computing it."""
    asked = command.matrices(command.parser().parse_args(words.split()))
    return ["/".join(one) for matrix in asked for one in product(matrix.transports, matrix.costs, matrix.policies)]


def test_the_floors_that_ship_are_of_the_products_policies() -> None:
    """Each key of the file names a transport, a cost and a policy that exist; the drive alone has all of them."""
    keys = floors.read()
    alone = {key.removeprefix(BEFORE) for key in keys if key.startswith(BEFORE)}
    assert alone == {key for key in keys if not key.startswith(BEFORE)}
    for key in alone:
        model, cost, policy = key.split("/")
        assert Transport(model)
        assert ChangeCost(cost)
        assert policy in PRODUCT


@pytest.mark.parametrize("words", ["", "--set synthetic", "--policy adaptive --policy locked"])
def test_a_run_of_which_no_part_is_chosen_holds_every_floor(words: str) -> None:
    """Without a model and a cost of one's own nothing in the file goes unheld, and no row is computed twice."""
    rows = held_by(words)
    assert {key.removeprefix(BEFORE) for key in floors.read()} <= set(rows)
    assert len(set(rows)) == len(rows)


def test_what_is_chosen_is_all_that_runs() -> None:
    """A named model or cost, or another period, runs alone; of the floors' rest only what is named of the product."""
    assert held_by("--mode tcp --policy locked") == ["tcp/live/locked"]
    assert held_by("--change-cost restart --mode srt --policy aimd") == ["srt/restart/aimd"]
    live = [f"{mode}/live/{policy}" for mode in ("tcp", "tcp-hol", "mptcp") for policy in ("adaptive",)]
    assert held_by("--policy adaptive --period 0.25") == live
    assert held_by("--policy aimd") == [key.replace("adaptive", "aimd") for key in live]
    rest = ["srt/live/adaptive", "tcp-hol/restart/adaptive", "tcp/restart/adaptive"]
    assert held_by("--policy adaptive") == [*live, *rest]


def test_every_policy_may_be_asked_of_all_models() -> None:
    """`--mode all` runs OBS's dynamic bitrate where it exists, instead of refusing it."""
    assert "tcp/live/obs-like" in held_by("--mode all --policy obs-like")


@pytest.fixture(autouse=True)
def nothing_kept(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The oracle is computed anew, and its results are left nowhere."""
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path))


def test_the_core_holds_the_floors_of_the_stricter_tcp_model(capsys: pytest.CaptureFixture[str]) -> None:
    """Both policies, on the whole synthetic set with stalls when a path dies, score no less than their floors."""
    status = command.main(["--mode", "tcp-hol", *PRODUCTS])

    told = capsys.readouterr()
    assert status == 0, told.err
    assert "synthetic, tcp-hol, change cost live" in told.out


def test_the_core_holds_the_floors_of_one_drive(capsys: pytest.CaptureFixture[str]) -> None:
    """Both policies, with each model and cost that has a floor, score no less than it on that drive alone."""
    status = command.main(["--set", "crowd 2", *PRODUCTS])

    told = capsys.readouterr()
    assert status == 0, told.err
    for model, cost in floors.held(floors.read()):
        assert f"synthetic: crowd 2, {model}, change cost {cost}" in told.out
