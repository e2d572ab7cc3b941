"""`vvlive doctor bond`: hands over to the bond's own doctor, which the controller knows only as a program."""

from __future__ import annotations

import os
import sys

import typer

from controller.commands.asking import BAD_INPUT, fail

_PROGRAM = "mptcp.doctor"


def bond(context: typer.Context) -> None:
    """Check one end of the bond, `--side pi` or `--side vps`: settings, uplinks, routes, endpoints, listener, guard.

    Changes nothing; as root it sees more. `vvlive doctor bond -- --help` lists its options. Ends with 1 where
    something deviates, and with 2 where it cannot look.
    """
    if not any(word.startswith(("--side", "--help", "-h")) for word in context.args):
        fail("which end of the bond is this machine? give --side pi or --side vps", BAD_INPUT)
    # In place of this process, so that its exit code is the answer.
    os.execv(sys.executable, [sys.executable, "-m", _PROGRAM, *context.args])  # noqa: S606 - no shell is wanted
