"""The ratchet, and the committed core held against it."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.bench import __main__ as command


def test_the_core_holds_the_floors_of_the_stricter_tcp_model(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """Both policies, on the whole synthetic set with stalls when a path dies, score no less than their floors."""
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path))

    status = command.main(["--mode", "tcp-hol", "--policy", "adaptive", "--policy", "locked", "--jobs", "2"])

    told = capsys.readouterr()
    assert status == 0, told.err
    assert "synthetic, tcp-hol, change cost live" in told.out
