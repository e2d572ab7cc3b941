"""`vvlive report` and `vvlive replay`."""

from __future__ import annotations

import os
import time
from datetime import datetime
from pathlib import Path
from typing import Annotated, Literal

import httpx
import typer

from controller import wiring
from controller.commands.asking import (
    BAD_INPUT,
    DEFAULT_CONFIG,
    DEFAULT_URL,
    NO_ANSWER,
    WRONG,
    AsJson,
    Asker,
    ConfigPath,
    TokenFile,
    Url,
    fail,
    show_json,
)
from controller.commands.looking import clock
from controller.commands.ordering import seconds_of
from controller.commands.recalling import events_between
from controller.config_file import ConfigError, Loaded, load
from controller.decision import policies
from controller.decision.model import EncoderTraits, Series
from controller.decision.observing import WINDOW_S, metrics
from controller.ports import NoAnswer
from controller.queries import metrics_wanted, raw_window, read_answer
from controller.reporting import writing
from controller.reporting.building import build
from controller.reporting.replaying import replay as replayed
from controller.wiring_encoder import calibration_of

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


def replay(
    config: ConfigPath = DEFAULT_CONFIG,
    last: Annotated[str, typer.Option(help="How far back: 90s, 10m, 2h.")] = "10m",
    until: Annotated[datetime | None, typer.Option(help="Its end, on this machine's clock; without it, now.")] = None,
    policy: Annotated[
        Literal["locked", "adaptive"] | None, typer.Option(help="Another policy than the configured one.")
    ] = None,
    *,
    as_json: AsJson = False,
) -> None:
    """Say what would have been decided from the samples that Prometheus still has; nothing is driven."""
    try:
        loaded = load(config, environment=os.environ)
    except ConfigError as error:
        fail(error.lines[0], BAD_INPUT)
    to_s = time.time() if until is None else until.timestamp()
    length_s = seconds_of(last)
    if length_s > _LONGEST_S:
        fail(f"{last} is too long; at most 6h at once", BAD_INPUT)
    chosen = wiring.policy_of(loaded.config.policy) if policy is None else policies.by_name(policy)
    moves = [
        one
        for one in replayed(
            _samples(loaded, from_s=to_s - length_s, to_s=to_s),
            from_s=to_s - length_s,
            to_s=to_s,
            period_s=loaded.config.prometheus.period_s,
            policy=chosen,
            traits=_traits(loaded),
        )
        if one.decision.changed_from is not None
    ]
    told = [
        {
            "at_s": one.at_s,
            "from": one.decision.changed_from,
            "to": one.decision.quality,
            "rule": one.decision.reason.rule,
            "reason": one.decision.reason.text,
        }
        for one in moves
    ]
    if as_json:
        show_json(told)
        return
    typer.echo(f"{chosen.name}: {len(told)} changes in {last}")
    for row, one in zip(told, moves, strict=True):
        typer.echo(f"{clock(one.at_s)}  {row['from']} to {row['to']}  {row['reason']}")


def _traits(loaded: Loaded) -> EncoderTraits:
    """What changes cost on the configured unit; without one, every change is live."""
    section = loaded.config.encoder
    return EncoderTraits(geometry_cost_s=0.0) if section is None else calibration_of(section, loaded.measured).traits


def _samples(loaded: Loaded, *, from_s: float, to_s: float) -> tuple[Series, ...]:
    section = loaded.config.prometheus
    wanted = metrics_wanted(metrics(loaded.config.carriers), drives_encoder=loaded.config.encoder is not None)
    query = raw_window(wanted, match=loaded.config.match, window_s=to_s - from_s + WINDOW_S)
    try:
        with httpx.Client(base_url=section.url, timeout=60.0, trust_env=False) as client:
            body = client.get("/api/v1/query", params={"query": query, "time": f"{to_s:.3f}"}).content
    except httpx.HTTPError as error:
        fail(f"no answer from Prometheus at {section.url} ({type(error).__name__})", NO_ANSWER)
    answer = read_answer(body)
    if isinstance(answer, NoAnswer):
        fail(answer.why, NO_ANSWER)
    if not answer.series:
        fail("Prometheus has no samples of that time; is it inside its retention, and do the labels match?", WRONG)
    return answer.series
