"""The shell scripts by themselves."""

from __future__ import annotations

import subprocess

from tests.mptcp.bond import SCRIPTS

REPOSITORY = SCRIPTS.parent


def test_shellcheck_has_nothing_to_say() -> None:
    """Scripts, what they source, hooks and the certificate maker are clean."""
    programs = [SCRIPTS / name for name in ("pi-up", "pi-down", "vps-up", "vps-down", "lease")]
    programs += [*(SCRIPTS / "hooks").iterdir(), REPOSITORY / "deploy" / "haproxy" / "certificates"]
    libraries = sorted((SCRIPTS / "lib").iterdir())

    done = subprocess.run(["shellcheck", "-x", *programs, *libraries], capture_output=True, text=True, check=False)
    assert (done.returncode, done.stdout) == (0, "")


def test_programs_are_executable() -> None:
    """What a unit or a DHCP client starts has its bit set; what is sourced has not."""
    for path in (*SCRIPTS.glob("*-up"), *SCRIPTS.glob("*-down"), SCRIPTS / "lease", *(SCRIPTS / "hooks").iterdir()):
        sourced = path.name.startswith("dhcpcd")
        assert bool(path.stat().st_mode & 0o111) is not sourced, path.name
