"""The guard's command line."""

from __future__ import annotations

import subprocess
import sys
from typing import TYPE_CHECKING

import pytest

from mptcp.guard.__main__ import parse_pi_up, parse_responder

if TYPE_CHECKING:
    from pathlib import Path

KEY = "0123456789abcdef"


def _complaint(module: str, *words: str) -> str:
    done = subprocess.run(
        [sys.executable, "-W", "error", "-m", module, *words], capture_output=True, text=True, check=False, timeout=60
    )
    assert done.returncode == 2
    assert done.stderr.count("\n") == 1
    return done.stderr


def test_uplinks_of_pi_up_are_read() -> None:
    """Its file has addresses and gateways as well; the guard wants name and interface."""
    uplinks = parse_pi_up("verizon=eth1,10.5.0.2/24,10.5.0.1\natt=eth2\n")

    assert [(each.name, each.interface) for each in uplinks] == [("verizon", "eth1"), ("att", "eth2")]


def test_responder_is_an_address() -> None:
    """A name would need a resolver, which may be behind the dead uplink."""
    assert parse_responder("203.0.113.1:8445") == ("203.0.113.1", 8445)
    assert parse_responder("[2001:db8::1]:8445") == ("2001:db8::1", 8445)
    with pytest.raises(ValueError, match="give the VPS's address and the port"):
        parse_responder("vps.example.org:8445")


@pytest.mark.parametrize(
    ("words", "complaint"),
    [
        (["--uplink", "eth1"], "'eth1' is not NAME=INTERFACE"),
        (["--uplink", "a=eth1", "--responder", "203.0.113.1:8445"], "--responder and --key-file go together"),
        (["--uplink", "a=eth1", "--responder", "vps:1", "--key-file", "x"], "give the VPS's address"),
    ],
)
def test_wrong_command_lines_are_told_in_a_line(tmp_path: Path, words: list[str], complaint: str) -> None:
    """Exit code 2, and no trace."""
    assert complaint in _complaint("mptcp.guard", "--state", str(tmp_path / "state"), *words)


def test_missing_key_is_named_with_the_remedy(tmp_path: Path) -> None:
    """The responder without its key does not start."""
    complaint = _complaint("mptcp.guard.responder", "--key-file", str(tmp_path / "none"))

    assert "cannot read the key" in complaint
    assert "make one with openssl rand -hex 32" in complaint


def test_key_is_never_shown(tmp_path: Path) -> None:
    """Not even when it is too short to be one."""
    path = tmp_path / "key"
    path.write_text("secret")
    complaint = _complaint("mptcp.guard.responder", "--key-file", str(path))

    assert "has 6 bytes, a key needs 16 or more" in complaint
    assert "secret" not in complaint
