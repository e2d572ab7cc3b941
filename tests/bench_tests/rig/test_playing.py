"""What surrounds a run."""

from __future__ import annotations

import os
import subprocess

import pytest

from tests.bench.rig.playing import NICENESS, before_other_work


@pytest.mark.root
def test_what_a_run_starts_goes_before_ordinary_work() -> None:
    """A process started within has the rig's niceness, one started after it has the usual one again."""
    usual = os.getpriority(os.PRIO_PROCESS, 0)
    with before_other_work():
        within = subprocess.run(["nice"], capture_output=True, text=True, check=True).stdout
    after = subprocess.run(["nice"], capture_output=True, text=True, check=True).stdout
    assert (int(within), int(after)) == (NICENESS, usual)
