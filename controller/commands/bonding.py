"""`vvlive doctor bond`: hands over to the bond's own doctor, which the controller knows only as a program."""

from __future__ import annotations

import os
import sys

import typer

_PROGRAM = "mptcp.doctor"


def bond(context: typer.Context) -> None:
    """Check one end of the bond, `--side pi` or `--side vps`: settings, uplinks, routes, endpoints, listener, guard.

    Changes nothing; as root it sees more. `vvlive doctor bond -- --help` lists its options. Ends with 1 where
    something deviates, and with 2 where it cannot look.
    """
    # In place of this process, so that its exit code is the answer.
    os.execv(sys.executable, [sys.executable, "-m", _PROGRAM, *context.args])  # noqa: S606 - no shell is wanted
