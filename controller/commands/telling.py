"""`vvlive report` and `vvlive replay`."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Literal

import typer

from controller.commands.asking import (
    BAD_INPUT,
    DEFAULT_URL,
    WRONG,
    AsJson,
    Asker,
    TokenFile,
    Url,
    fail,
)
from controller.commands.recalling import events_between
from controller.reporting import writing
from controller.reporting.building import build

_WRITERS = {"md": writing.as_markdown, "html": writing.as_html, "json": writing.as_json}
_SESSIONS = 1000
_LONGEST_S = 6 * 3_600.0


def report(  # noqa: PLR0913 - one option per choice
    *,
    url: Url = DEFAULT_URL,
    token_file: TokenFile = None,
    session: Annotated[int | None, typer.Option(help="The number of the stream; without it the last one.")] = None,
    format_: Annotated[Literal["md", "html", "json"], typer.Option("--format", help="md, html or json.")] = "md",
    output: Annotated[Path | None, typer.Option(help="The file to write; without it, standard output.")] = None,
    as_json: AsJson = False,
) -> None:
    """Write the report of a stream."""
    asker = Asker(url, token_file)
    sessions = asker.get("/api/sessions", limit=_SESSIONS)["sessions"]
    found = next((one for one in sessions if session in {None, one["number"]}), None)
    if found is None:
        numbers = ", ".join(str(one["number"]) for one in sessions)
        fail(f"no stream {session}; there were {numbers}" if sessions else "no stream was seen yet", WRONG)
    until_s = found["ended_s"] or found["seen_s"]
    events = list(events_between(asker, since_s=found["started_s"], until_s=until_s))
    rig, ledger = asker.get("/api/status")["rig"], asker.get("/api/ledger")["months"]
    text = _WRITERS["json" if as_json else format_](build(rig=rig, session=found, events=events, ledger=ledger))
    if output is None:
        typer.echo(text)
        return
    try:
        output.write_text(text, encoding="utf-8")
    except OSError as error:
        fail(f"{output} cannot be written ({error.strerror}); choose another path", BAD_INPUT)
