"""`vvlive replay`: what one policy, or several side by side, would have decided on a recorded stream."""

from __future__ import annotations

import os
import time
from dataclasses import asdict, dataclass, field, replace
from datetime import datetime
from itertools import pairwise
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer
from rich.console import Console
from rich.table import Table

from controller import wiring
from controller.commands import recorded
from controller.commands.asking import BAD_INPUT, DEFAULT_CONFIG, AsJson, ConfigPath, fail, show_json
from controller.commands.looking import clock
from controller.commands.ordering import seconds_of
from controller.config import PolicySection
from controller.config_file import ConfigError, load
from controller.decision.model import EncoderTraits, Transport
from controller.decision.observing import WINDOW_S, metrics
from controller.queries import metrics_wanted, raw_window
from controller.replaying import Recording, Replayed, Span, side_by_side, summary
from controller.replaying import replay as replayed
from controller.wiring_encoder import calibration_of

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from controller.decision.model import Series

_LONGEST_S = 6 * 3_600.0
# What a configuration may say, too.
_SHORTEST_PERIOD_S, _LONGEST_PERIOD_S = 0.1, 60.0
_LAST_S = 600.0
POLICIES = ("adaptive", "locked")
# Where nothing is known of the unit: each change of bitrate or picture size is free.
_LIVE = EncoderTraits(geometry_cost_s=0.0)


@dataclass(frozen=True, slots=True)
class _Rig:
    """What is replayed: as configured, or a rig of which nothing is known but where its samples are.

    `period_s` None: it decides as often as its uplinks were scraped.
    """

    url: str = ""
    policy: PolicySection = field(default_factory=PolicySection)
    traits: EncoderTraits = _LIVE
    period_s: float | None = None
    match: Mapping[str, str] = field(default_factory=dict)
    wanted: tuple[str, ...] = metrics(tuple(Transport))


def replay(  # noqa: PLR0913 - one option each for whence, when, how and whither
    *,
    config: ConfigPath = DEFAULT_CONFIG,
    last: Annotated[
        str | None,
        typer.Option(
            help="How far back: 90s, 10m, 2h; at most to the first sample. Without it 10m, of a file all of it."
        ),
    ] = None,
    until: Annotated[
        datetime | None, typer.Option(help="Its end, on this machine's clock; without it now, or the file's end.")
    ] = None,
    policy: Annotated[
        list[str] | None,
        typer.Option(help="adaptive or locked, in place of the configured one; both, given twice, side by side."),
    ] = None,
    period: Annotated[
        str | None,
        typer.Option(
            help="From one decision to the next: 0.25s, 1s. Without it the configured one, or else as often as the "
            "uplinks were scraped."
        ),
    ] = None,
    prometheus: Annotated[
        str | None, typer.Option(metavar="URL", help="The Prometheus to ask, in place of the configured one.")
    ] = None,
    file: Annotated[
        Path | None, typer.Option(help="A recording that --save wrote, or any answer of Prometheus with raw samples.")
    ] = None,
    save: Annotated[
        Path | None, typer.Option(help="Keep Prometheus' samples in this file, to replay them later.")
    ] = None,
    as_json: AsJson = False,
) -> None:
    """Say what would have been decided on a recorded stream, by the same code; nothing is driven.

    Orders by hand are not replayed. With --file or --prometheus no configuration is needed: every change of the
    encoder then counts as free, and the states have their usual pictures and bitrates. To replay what a controller
    decided, give its configuration, and the Prometheus beside it.
    """
    if file is not None and (save is not None or prometheus is not None):
        fail("--file has its samples: leave --save and --prometheus out", BAD_INPUT)
    rig = _rig(config, url=prometheus, alone=file is not None)
    if period is not None:
        rig = replace(rig, period_s=_period_s(period))
    names = list(dict.fromkeys(policy or [rig.policy.name]))
    for name in names:
        if name not in POLICIES:
            fail(f"{name} is no policy; choose {' or '.join(POLICIES)}", BAD_INPUT)
    length_s = None if last is None else seconds_of(last)
    until_s = None if until is None else until.timestamp()
    if file is None:
        to_s = time.time() if until_s is None else until_s
        recording, span = _asked(rig, to_s=to_s, length_s=_LAST_S if length_s is None else length_s, save=save)
    else:
        recording, span = _read(rig, file, until_s=until_s, length_s=length_s)
    found = {name: _replayed(rig, name, recording, span) for name in names}
    if as_json:
        show_json({name: _as_data(one, span) for name, one in found.items()})
    elif len(found) == 1:
        _tell(*found.popitem(), span)
    else:
        _compare(found, span)


def _rig(config: Path, *, url: str | None, alone: bool) -> _Rig:
    """The configured rig; without a configuration, where none is needed, one with the defaults of everything."""
    if (alone or url is not None) and config == DEFAULT_CONFIG and not config.exists():
        return _Rig(url=url or "")
    try:
        loaded = load(config, environment=os.environ)
    except ConfigError as error:
        fail(error.lines[0], BAD_INPUT)
    told, section = loaded.config, loaded.config.encoder
    return _Rig(
        url=url or told.prometheus.url,
        policy=told.policy,
        traits=_LIVE if section is None else calibration_of(section, loaded.measured).traits,
        period_s=told.prometheus.period_s,
        match=told.match,
        wanted=metrics_wanted(metrics(told.carriers), drives_encoder=section is not None),
    )


def _period_s(text: str) -> float:
    period_s = seconds_of(text)
    if not _SHORTEST_PERIOD_S <= period_s <= _LONGEST_PERIOD_S:
        fail(f"--period {text} is no controller's; give {_SHORTEST_PERIOD_S}s to {_LONGEST_PERIOD_S:.0f}s", BAD_INPUT)
    return period_s


def _judged(length_s: float, *, period_s: float) -> None:
    """End the program where there is nothing to decide about, or far too much."""
    if length_s > _LONGEST_S:
        fail(f"{length_s / 3_600:.1f} h are too long; at most 6h at once, chosen with --last and --until", BAD_INPUT)
    if length_s < period_s:
        fail(
            f"{length_s:.1f} s are too short; give at least {period_s:g}s, from one decision to the next",
            BAD_INPUT,
        )


def _span(rig: _Rig, series: Sequence[Series], *, to_s: float, length_s: float) -> Span:
    """When is looked: as often as the rig did, or as its samples say."""
    period_s = rig.period_s
    if period_s is None:
        scraped_s = recorded.interval_s(series)
        if scraped_s is None:
            fail("nothing tells how often the uplinks were scraped; say how often to decide with --period", BAD_INPUT)
        period_s = min(max(scraped_s, _SHORTEST_PERIOD_S), _LONGEST_PERIOD_S)
    _judged(length_s, period_s=period_s)
    return Span(to_s - length_s, to_s, period_s=period_s)


def _asked(rig: _Rig, *, to_s: float, length_s: float, save: Path | None) -> tuple[Recording, Span]:
    _judged(length_s, period_s=rig.period_s or _SHORTEST_PERIOD_S)  # before Prometheus has the work
    query = raw_window(rig.wanted, match=rig.match, window_s=length_s + WINDOW_S)
    body = recorded.fetched(rig.url, query, at_s=to_s)
    series = recorded.told(body)
    if save is not None:
        recorded.save(save, body)
    recording = Recording(series)
    begin_s, _ = recording.span_s or (to_s, to_s)
    # What came before all samples is no stream: deciding about it would begin the replay in the safe state.
    return recording, _span(rig, series, to_s=to_s, length_s=min(length_s, to_s - begin_s))


def _read(rig: _Rig, file: Path, *, until_s: float | None, length_s: float | None) -> tuple[Recording, Span]:
    """The recording in a file, and what of it is replayed: all but the first window, which is looked back on."""
    series = recorded.kept(file)
    recording = Recording(series)
    begin_s, end_s = recording.span_s or (0.0, 0.0)
    to_s = end_s if until_s is None else until_s
    if not begin_s < to_s <= end_s + WINDOW_S:
        fail(f"{file} was recorded from {clock(begin_s)} to {clock(end_s)}; choose --until within it", BAD_INPUT)
    whole_s = to_s - begin_s
    asked_s = whole_s if length_s is None else min(length_s, whole_s)
    return recording, _span(rig, series, to_s=to_s, length_s=asked_s)


def _replayed(rig: _Rig, name: str, recording: Recording, span: Span) -> list[Replayed]:
    """The decisions of the policy of that name, with the configured presets."""
    policy = wiring.policy_of(rig.policy.model_copy(update={"name": name}))
    return list(replayed(recording, policy, span, traits=rig.traits))


def moves(found: Sequence[Replayed]) -> list[tuple[Replayed, Replayed]]:
    """Those that changed the state, each after what stood before."""
    return [(before, now) for before, now in pairwise(found) if before.quality is not now.quality]


def cuts(found: Sequence[Replayed]) -> list[tuple[Replayed, Replayed]]:
    """Those that changed the scene, each after what stood before; the first scene is no change."""
    return [(before, now) for before, now in pairwise(found) if before.scene not in {None, now.scene}]


def _as_data(found: Sequence[Replayed], span: Span) -> dict[str, Any]:
    changes = [
        {"at_s": now.at_s, "from": before.quality, "to": now.quality, "rule": now.rule, "reason": now.text}
        for before, now in moves(found)
    ]
    scenes = [
        {"at_s": now.at_s, "from": before.scene, "to": now.scene, "reason": now.scene_text}
        for before, now in cuts(found)
    ]
    return {"period_s": span.period_s, **asdict(summary(found, span)), "changes": changes, "scenes": scenes}


def _tell(name: str, found: Sequence[Replayed], span: Span) -> None:
    typer.echo(_in_short(name, found, span))
    lines = [(now.at_s, f"{before.quality} to {now.quality}  {now.text}") for before, now in moves(found)]
    lines += [(now.at_s, f"scene {before.scene} to {now.scene}  {now.scene_text}") for before, now in cuts(found)]
    for at_s, line in sorted(lines):
        typer.echo(f"{clock(at_s)}  {line}")


def _in_short(name: str, found: Sequence[Replayed], span: Span) -> str:
    total = summary(found, span)
    return (
        f"{name}: {len(moves(found))} changes of state, {len(cuts(found))} of scene, "
        f"{total.mean_bitrate_bps / 1e6:.2f} Mbit/s in the mean, "
        f"{total.resizes_per_h:.0f} changes of picture size an hour, deciding every {span.period_s:g} s"
    )


def _compare(found: Mapping[str, Sequence[Replayed]], span: Span) -> None:
    """Each moment at which one of them changed its state or the scene, with state, bitrate and scene of all."""
    for name, one in found.items():
        typer.echo(_in_short(name, one, span))
    table = Table("", *found, box=None)
    shown: list[object] = []
    for at_s, now in side_by_side(found):
        states: list[object] = [None if one is None else (one.quality, one.scene) for one in now.values()]
        if states != shown:
            table.add_row(clock(at_s), *(_state(one) for one in now.values()))
        shown = states
    Console().print(table)


def _state(one: Replayed | None) -> str:
    if one is None:
        return ""
    scene = "" if one.scene is None else f", {one.scene}"
    return f"{one.quality}, {one.bitrate_bps / 1e6:.2f} Mbit/s{scene}"
