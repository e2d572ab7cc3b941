"""`vvlive replay`: what one policy, or several side by side, would have decided from what Prometheus still has."""

from __future__ import annotations

import os
import time
from dataclasses import asdict
from datetime import datetime
from itertools import pairwise
from typing import TYPE_CHECKING, Annotated, Any

import httpx
import typer
from rich.console import Console
from rich.table import Table

from controller import wiring
from controller.commands.asking import (
    BAD_INPUT,
    DEFAULT_CONFIG,
    NO_ANSWER,
    WRONG,
    AsJson,
    ConfigPath,
    fail,
    show_json,
)
from controller.commands.looking import clock
from controller.commands.ordering import seconds_of
from controller.config_file import ConfigError, Loaded, load
from controller.decision.model import EncoderTraits, Series
from controller.decision.observing import WINDOW_S, metrics
from controller.ports import NoAnswer
from controller.queries import metrics_wanted, raw_window, read_answer
from controller.replaying import Recording, Replayed, Span, side_by_side, summary
from controller.replaying import replay as replayed
from controller.wiring_encoder import calibration_of

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

_LONGEST_S = 6 * 3_600.0
POLICIES = ("adaptive", "locked")


def replay(
    config: ConfigPath = DEFAULT_CONFIG,
    last: Annotated[str, typer.Option(help="How far back: 90s, 10m, 2h.")] = "10m",
    until: Annotated[datetime | None, typer.Option(help="Its end, on this machine's clock; without it, now.")] = None,
    policy: Annotated[
        list[str] | None,
        typer.Option(help="adaptive or locked, in place of the configured one; both, given twice, side by side."),
    ] = None,
    *,
    as_json: AsJson = False,
) -> None:
    """Say what would have been decided from the samples that Prometheus still has; nothing is driven."""
    try:
        loaded = load(config, environment=os.environ)
    except ConfigError as error:
        fail(error.lines[0], BAD_INPUT)
    names = list(dict.fromkeys(policy or [loaded.config.policy.name]))
    for name in names:
        if name not in POLICIES:
            fail(f"{name} is no policy; choose {' or '.join(POLICIES)}", BAD_INPUT)
    to_s = time.time() if until is None else until.timestamp()
    length_s = seconds_of(last)
    if length_s > _LONGEST_S:
        fail(f"{last} is too long; at most 6h at once", BAD_INPUT)
    span = Span(to_s - length_s, to_s, period_s=loaded.config.prometheus.period_s)
    recording = Recording(_samples(loaded, from_s=span.begin_s, to_s=to_s))
    found = {name: _replayed(loaded, name, recording, span) for name in names}
    if as_json:
        show_json({name: _as_data(one, span) for name, one in found.items()})
    elif len(found) == 1:
        _tell(*found.popitem(), span)
    else:
        _compare(found, span)


def _replayed(loaded: Loaded, name: str, recording: Recording, span: Span) -> list[Replayed]:
    """The decisions of the policy of that name, with the configured presets."""
    policy = wiring.policy_of(loaded.config.policy.model_copy(update={"name": name}))
    return list(replayed(recording, policy, span, traits=_traits(loaded)))


def moves(found: Sequence[Replayed]) -> list[tuple[Replayed, Replayed]]:
    """Those that changed the state, each after what stood before."""
    return [(before, now) for before, now in pairwise(found) if before.quality is not now.quality]


def _as_data(found: Sequence[Replayed], span: Span) -> dict[str, Any]:
    changes = [
        {"at_s": now.at_s, "from": before.quality, "to": now.quality, "rule": now.rule, "reason": now.text}
        for before, now in moves(found)
    ]
    return {**asdict(summary(found, span)), "changes": changes}


def _tell(name: str, found: Sequence[Replayed], span: Span) -> None:
    typer.echo(_in_short(name, found, span))
    for before, now in moves(found):
        typer.echo(f"{clock(now.at_s)}  {before.quality} to {now.quality}  {now.text}")


def _in_short(name: str, found: Sequence[Replayed], span: Span) -> str:
    total = summary(found, span)
    return (
        f"{name}: {len(moves(found))} changes of state, {total.mean_bitrate_bps / 1e6:.2f} Mbit/s in the mean, "
        f"{total.resizes_per_h:.0f} changes of picture size an hour"
    )


def _compare(found: Mapping[str, Sequence[Replayed]], span: Span) -> None:
    """Each moment at which one of them changed its state, with the state and the bitrate of all."""
    for name, one in found.items():
        typer.echo(_in_short(name, one, span))
    table = Table("", *found, box=None)
    shown: list[object] = []
    for at_s, now in side_by_side(found):
        states: list[object] = [None if one is None else one.quality for one in now.values()]
        if states != shown:
            table.add_row(clock(at_s), *(_state(one) for one in now.values()))
        shown = states
    Console().print(table)


def _state(one: Replayed | None) -> str:
    return "" if one is None else f"{one.quality}, {one.bitrate_bps / 1e6:.2f} Mbit/s"


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
