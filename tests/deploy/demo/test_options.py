"""The demo's command line."""

from __future__ import annotations

from pathlib import Path

import pytest

from deploy.demo.options import duration_s, parse


@pytest.mark.parametrize(("text", "seconds"), [("300s", 300), ("300", 300), ("5m", 300), ("1.5min", 90), ("1h", 3600)])
def test_durations(text: str, seconds: float) -> None:
    """A duration is a number and s, m, min or h; seconds without a unit."""
    assert duration_s(text) == seconds


@pytest.mark.parametrize("text", ["", "5", "soon", "-300s", "5 m 3 s", "9.9s", "1d"])
def test_no_duration(text: str) -> None:
    """What is no duration, or is too short to show anything, is refused with the form to write."""
    with pytest.raises(ValueError, match="write it like 300s or 5m"):
        duration_s(text)


def test_defaults() -> None:
    """Without options the demo runs until Ctrl-C over MPTCP, with the live encoder and the adaptive policy."""
    options = parse([])
    assert options.transport == "mptcp"
    assert (options.length_s, options.report, options.encoder, options.policy) == (None, None, "live", "adaptive")


@pytest.mark.parametrize(
    ("argv", "named"),
    [
        (["--for", "soon"], "soon"),
        (["--report", "/nowhere/at/all/out.json"], "/nowhere/at/all/out.json"),
        (["--report", "/"], "/"),
        (["--encoder", "none"], "--encoder"),
        (["--policy", "bold"], "--policy"),
        (["--transport", "rist"], "--transport"),
        (["--port-base", "80"], "80"),
        (["--port-base", "http"], "http"),
        (["--no-such"], "--no-such"),
    ],
)
def test_bad_options(argv: list[str], named: str, capsys: pytest.CaptureFixture[str]) -> None:
    """Each wrong option is named, with exit code 2, before anything starts."""
    with pytest.raises(SystemExit) as ended:
        parse(argv)
    assert ended.value.code == 2
    assert named in capsys.readouterr().err.splitlines()[-1]


def test_report_beside_the_caller(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A bare file name is taken in the present directory, which exists."""
    monkeypatch.chdir(tmp_path)
    assert parse(["--report", "out.json"]).report == Path("out.json")
