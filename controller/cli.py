"""The command line.

Exit codes: 0 done, 1 something is wrong with the rig, 2 with what was written, 3 no answer, 4 refused.
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING

import typer
from typer.core import TyperGroup

from controller.commands import demonstrating, looking, ordering, telling

if TYPE_CHECKING:
    from typer._click.core import Command, Context

EXIT_CODES = "Exit codes: 0 done, 1 something is wrong with the rig, 2 with what was written, 3 no answer, 4 refused."
_IN_ORDER = ("run", "check", "status", "why", "override", "scene", "report", "replay", "demo", "doctor")
# They load a web framework and every driver, more than a second of a core, and several on a Pi: only when called for.
_LOADED_LATER = frozenset({"run", "check", "replay", "doctor"})


class _Commands(TyperGroup):
    def list_commands(self, ctx: Context) -> list[str]:  # noqa: ARG002 - the signature is typer's
        return list(_IN_ORDER)

    def get_command(self, ctx: Context, cmd_name: str) -> Command | None:
        if cmd_name not in _LOADED_LATER:
            return super().get_command(ctx, cmd_name)
        later = typer.main.get_command(import_module("controller.commands.running").app)
        return later.get_command(ctx, cmd_name) if isinstance(later, TyperGroup) else None


app = typer.Typer(
    name="vvlive",
    cls=_Commands,
    no_args_is_help=True,
    add_completion=True,
    pretty_exceptions_show_locals=False,
    epilog=EXIT_CODES,
)


@app.callback(epilog=EXIT_CODES)
def vvlive() -> None:
    """Keep a mobile live stream alive over bonded cellular uplinks, and show why it did what it did."""


app.command()(looking.status)
app.command()(looking.why)
app.command()(ordering.override)
app.command()(ordering.scene)
app.command()(telling.report)
app.command(context_settings={"ignore_unknown_options": True, "allow_extra_args": True})(demonstrating.demo)


def main() -> None:
    """Entry point of the `vvlive` command."""
    app()
