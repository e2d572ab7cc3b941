"""`vvlive doctor`: is everything there that a stream needs?"""

from __future__ import annotations

import asyncio
import logging
import os
import time
from dataclasses import asdict
from typing import TYPE_CHECKING, Annotated, Literal

import typer
from rich.console import Console
from rich.table import Table
from rich.text import Text

from controller.commands.asking import BAD_INPUT, DEFAULT_CONFIG, WRONG, AsJson, ConfigPath, fail, show_json
from controller.commands.bonding import bond
from controller.config_file import ConfigError, load
from controller.doctor.examining import examine, side_of
from controller.doctor.findings import Finding, Verdict

if TYPE_CHECKING:
    from collections.abc import Sequence

app = typer.Typer(name="doctor", help="Look for what is wrong with this machine's part, and change nothing.")
app.command(context_settings={"ignore_unknown_options": True, "allow_extra_args": True})(bond)
_STYLES = {Verdict.FINE: "green", Verdict.REMARK: "yellow", Verdict.UNKNOWN: "yellow", Verdict.WRONG: "bold red"}


@app.callback(invoke_without_command=True)
def doctor(
    context: typer.Context,
    config: ConfigPath = DEFAULT_CONFIG,
    side: Annotated[
        Literal["pi", "vps", "none"] | None,
        typer.Option(help="Which end of the bond this machine is; without it, what the configuration drives says so."),
    ] = None,
    *,
    as_json: AsJson = False,
) -> None:
    """Look at bond, clock, Prometheus, encoder, OBS, link, disk and secrets; ends with 1 where something is wrong.

    Without a command it looks at everything. As root it sees more of the bond.
    """
    if context.invoked_subcommand is not None:
        return
    try:
        loaded = load(config, environment=os.environ)
    except ConfigError as error:
        fail("\nvvlive: ".join(error.lines), BAD_INPUT)
    chosen = side_of(loaded.config) if side is None else None if side == "none" else side
    logging.basicConfig(level=logging.CRITICAL)  # what adapters would log stands in the findings
    found = asyncio.run(examine(loaded, wall_s=time.time, side=chosen))
    if as_json:
        show_json([asdict(one) for one in found])
    else:
        _show(found)
    if any(one.verdict is Verdict.WRONG for one in found):
        raise typer.Exit(WRONG)


def _show(found: Sequence[Finding]) -> None:
    table = Table("", "part", "what was found", box=None)
    for one in found:
        text = Text(one.text) if one.remedy is None else Text(f"{one.text}\n→ {one.remedy}")
        table.add_row(Text(one.verdict, style=_STYLES[one.verdict]), one.about, text)
    console = Console()
    console.print(table)
    wrong = sum(one.verdict is Verdict.WRONG for one in found)
    console.print(f"{wrong} of {len(found)} findings are wrong" if wrong else "nothing is wrong")
