"""`vvlive doctor bond` as it is typed."""

from __future__ import annotations

import subprocess
import sys


def vvlive(*words: str) -> subprocess.CompletedProcess[str]:
    """The command as a process of its own: it ends in another program's place."""
    command = [sys.executable, "-c", "from controller.cli import main; main()", *words]
    return subprocess.run(command, capture_output=True, text=True, check=False, timeout=60)


def test_the_bonds_doctor_is_asked() -> None:
    """Its options, its words and its exit code are what comes out."""
    done = vvlive("doctor", "bond", "--side", "moon")

    assert done.returncode == 2
    assert "python -m mptcp.doctor: argument --side: invalid" in done.stderr


def test_its_help_is_a_word_away() -> None:
    """What stands behind -- goes to the bond's doctor."""
    assert "the stream's TCP port" in vvlive("doctor", "bond", "--", "--help").stdout


def test_the_side_is_asked_for_in_words() -> None:
    """Not as the missing option of a program that nobody typed."""
    done = vvlive("doctor", "bond", "--json")

    assert (done.returncode, done.stderr) == (
        2,
        "vvlive: which end of the bond is this machine? give --side pi or --side vps\n",
    )
