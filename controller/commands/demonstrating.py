"""`vvlive demo`: hands over to the demo, a program of its own that the controller knows nothing of."""

from __future__ import annotations

import importlib.util
import os
import sys

import typer

from controller.commands.asking import BAD_INPUT, fail

_PROGRAM = "deploy.demo"


def demo(context: typer.Context) -> None:
    """Run the whole chain on this machine, with emulated uplinks; `vvlive demo -- --help` lists its options.

    As root, on Debian, in a check-out that `make setup` has prepared. Ctrl-C ends it and leaves nothing behind.
    """
    if importlib.util.find_spec("deploy") is None or importlib.util.find_spec(_PROGRAM) is None:
        fail("the demo is not installed here; run `make demo` in a check-out", BAD_INPUT)
    # In place of this process, so that signals and the exit code are the demo's own.
    os.execv(sys.executable, [sys.executable, "-m", _PROGRAM, *context.args])  # noqa: S606 - no shell is wanted
