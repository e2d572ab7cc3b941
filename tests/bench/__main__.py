"""`python -m tests.bench`: the table of policies, over our own traces or given ones."""

from __future__ import annotations

import argparse
import os
import sys
import time
from collections.abc import Iterator, Sequence
from dataclasses import replace
from itertools import product
from pathlib import Path

from tests.bench import floors, goals, record
from tests.bench.link import Transport
from tests.bench.matrix import Matrix, compute, exists
from tests.bench.pairs import held_out_pairs, open_pairs, pairs_in, unplayed
from tests.bench.report import table, write_json
from tests.bench.rows import Row
from tests.bench.running import LADDER_ORACLE, POLICIES, PRODUCT
from tests.bench.simulation import ChangeCost, Timing
from tests.bench.synthetic import synthetic_pairs
from tests.bench.targets import report
from tests.bench.traces import Pair, TraceError

_DEFAULT = Timing()
STEP_S = 0.1
LONGEST_S = 60.0  # a controller that is slower than this is none
_MODES = [Transport.TCP.value, Transport.TCP_HOL.value, Transport.MPTCP.value]
_AUTO = "auto"
_PAIRS = {_AUTO: pairs_in, "open": open_pairs, "held-out": held_out_pairs}
# Reference policies explain the table but cost time; they run when named.
_ON_REQUEST = ("ref-ladder", "ref-smooth", "ref-robust", LADDER_ORACLE)


def parser() -> argparse.ArgumentParser:
    """The command line."""
    described = argparse.ArgumentParser(
        prog="python -m tests.bench",
        description="Judge bitrate and scene policies on uplink traces, in simulated time. "
        "S is 0 for a fixed 2.5 Mbit/s and 100 for an oracle that knows the future.",
        epilog="`record` as first word turns a stream's history into traces: see record --help. "
        "Without --traces the synthetic set runs, and its scores are held against floors.json: against all of it when "
        "neither --mode nor --change-cost is given. "
        "Oracle results are kept in $XDG_CACHE_HOME/vvlive/bench. Exit code 1: a score fell below its floor.",
    )
    described.add_argument(
        "--traces",
        type=Path,
        metavar="DIR",
        help="directory of trace files (second,kbps per 100 ms), paired in the order of their names; each pair runs as "
        "it is and divided by four",
    )
    described.add_argument(
        "--set",
        choices=[floors.WHOLE, floors.DRIVE],
        help="our own seeded traces, the default without --traces, or one drive of them alone, in a fifth of the time",
    )
    described.add_argument(
        "--pairs",
        choices=sorted(_PAIRS),
        help="which pairs to make of --traces: the nine open ones, held-out ones, or (auto, the default) the open ones "
        "where their files are there and else what is found",
    )
    described.add_argument(
        "--mode",
        action="append",
        choices=[*(one.value for one in Transport), "all"],
        help="transport model: one pipe (tcp), one that stops when an uplink dies (tcp-hol), two subflows as the rig "
        "shows them (mptcp), srt; repeatable; default: the three of TCP and, for the product's policies, whatever else "
        "has a floor",
    )
    described.add_argument(
        "--change-cost",
        action="append",
        choices=[one.value for one in ChangeCost],
        help="live: a change of geometry costs 2 s (default); restart: every change does; seamless: none; repeatable",
    )
    described.add_argument(
        "--period",
        type=float,
        default=_DEFAULT.period_s,
        metavar="S",
        help="scrape and decision, s; between steps of 0.1 s our policies keep it on average, the others round it",
    )
    described.add_argument("--lag", type=float, default=_DEFAULT.lag_s, metavar="S", help="scrape to decision, s")
    described.add_argument("--latency", type=float, default=_DEFAULT.latency_s, metavar="S", help="order to effect, s")
    described.add_argument(
        "--policy", action="append", choices=POLICIES, metavar="NAME", help=f"repeatable; of {', '.join(POLICIES)}"
    )
    described.add_argument(
        "--targets",
        action="store_true",
        help="hold `adaptive` against the product's targets: unless said otherwise tcp and tcp-hol with both change "
        "costs, srt with live changes; exit code 1 when one is missed",
    )
    described.add_argument("--by-stratum", action="store_true", help="also a table for native, stress, mixed each")
    described.add_argument("--jobs", type=int, default=os.cpu_count() or 1, metavar="N", help="processes")
    described.add_argument("--json", type=Path, metavar="FILE", help="write the rows as JSON")
    described.add_argument("--raise-floors", action="store_true", help="write the scores reached to floors.json")
    return described


def main(arguments: Sequence[str] | None = None) -> int:
    """Run and print; 0, or 1 when a floor is broken, or 2 for a command line that cannot be run."""
    words = sys.argv[1:] if arguments is None else list(arguments)
    if words[:1] == ["record"]:
        return record.main(words[1:])
    options = parser().parse_args(words)
    try:
        _writable(options.json)
        wanted = matrices(options)
    except (TraceError, ValueError) as error:
        sys.stderr.write(f"bench: {error}\n")
        return 2
    rows = [row for one in wanted for row in compute(one, jobs=max(1, options.jobs), progress=_Progress())]
    aside = {f"{one.set_name}: {name}" for one in wanted for name in one.alone}
    shown = [row for row in rows if row.set not in aside]
    sys.stdout.write(table(shown) + "\n")
    if options.json is not None:
        write_json(options.json, shown)
    fallen = _hold_floors(rows, options) if _ratcheted(options) else 0
    return fallen if not options.targets or report(goals.held(shown)) else 1


def _writable(path: Path | None) -> None:
    """Refuse a file that could not be written, before minutes are spent on what shall go into it."""
    if path is not None and (path.is_dir() or not os.access(path.parent, os.W_OK)):
        raise ValueError(f"--json {path} cannot be written; name a file in a directory that exists")


def matrices(options: argparse.Namespace) -> list[Matrix]:
    """What is asked, in the order of the table.

    For the targets one matrix for TCP and one for SRT, whose change costs differ; when neither a model nor a cost is
    named, the table and then whatever else has a floor.

    Raises:
        ValueError: options that exclude each other, or a time that the model cannot keep.
        TraceError: the recordings cannot be played.
    """
    _refuse_what_would_be_dropped(options)
    name, pairs = _pairs(options)
    policies = tuple(options.policy or (one for one in POLICIES if one not in _ON_REQUEST))
    alone = (floors.DRIVE,) if name == floors.WHOLE else ()  # costs nothing, and it has floors of its own
    whole = Matrix(name, pairs, policies, (), (), _timing(options), by_stratum=options.by_stratum, alone=alone)
    open_choice = not options.mode and not options.change_cost
    if options.targets and open_choice:
        to_tcp = replace(
            whole, transports=(Transport.TCP, Transport.TCP_HOL), costs=(ChangeCost.LIVE, ChangeCost.RESTART)
        )
        return [to_tcp, replace(whole, transports=(Transport.SRT,), costs=(ChangeCost.LIVE,))]
    asked = replace(
        whole,
        transports=_transports(options.mode or _MODES),
        costs=_costs(options.change_cost or [ChangeCost.LIVE.value]),
    )
    return [asked, *_rest_of_the_floors(asked)] if open_choice and _ratcheted(options) else [asked]


def _rest_of_the_floors(asked: Matrix) -> Iterator[Matrix]:
    """The product's policies for each model and cost that has a floor and is not asked: no floor goes unheld."""
    policies = tuple(one for one in asked.policies if one in PRODUCT)
    rest = [one for one in floors.held(floors.read()) if one not in product(asked.transports, asked.costs)]
    for cost in dict.fromkeys(cost for _, cost in rest if policies):
        transports = tuple(transport for transport, its_cost in rest if its_cost is cost)
        yield replace(asked, policies=policies, transports=transports, costs=(cost,))


def _refuse_what_would_be_dropped(options: argparse.Namespace) -> None:
    """Refuse options of which one would make the other mean nothing."""
    policies, modes = options.policy or (), options.mode or ()
    if options.set and options.traces:
        raise ValueError("--set and --traces exclude each other; give one of them")
    if options.pairs and not options.traces:
        raise ValueError("--pairs chooses among recordings; say with --traces where they are, or leave it out")
    if options.targets and policies and goals.POLICY not in policies:
        raise ValueError(f"--targets judges {goals.POLICY}; name it with --policy, too")
    for policy, mode in product(policies, modes):
        if mode != "all" and not exists(policy, Transport(mode)):
            raise ValueError(f"--policy {policy} does not exist with --mode {mode}; leave out one of them")
    if options.raise_floors and not _ratcheted(options):
        raise ValueError(
            "--raise-floors keeps scores of our own traces at the default timing; leave out --traces, --period, --lag "
            "and --latency"
        )
    if options.raise_floors and policies and not set(PRODUCT) & set(policies):
        raise ValueError(f"--raise-floors keeps scores of {' and '.join(PRODUCT)}; name one of them with --policy, too")


def _transports(modes: Sequence[str]) -> tuple[Transport, ...]:
    return tuple(Transport) if "all" in modes else tuple(dict.fromkeys(Transport(mode) for mode in modes))


def _costs(costs: Sequence[str]) -> tuple[ChangeCost, ...]:
    return tuple(dict.fromkeys(ChangeCost(cost) for cost in costs))


def _pairs(options: argparse.Namespace) -> tuple[str, tuple[Pair, ...]]:
    if options.set == floors.DRIVE:
        return floors.ALONE, tuple(pair for pair in synthetic_pairs() if pair.name == floors.DRIVE)
    if options.traces is None:
        return floors.WHOLE, synthetic_pairs()
    recipe = options.pairs or _AUTO
    pairs = _PAIRS[recipe](options.traces)
    if recipe != _AUTO:
        return recipe, pairs
    if left := unplayed(options.traces):
        sys.stderr.write(f"bench: not played, for want of a second one or beside the open pairs: {', '.join(left)}\n")
    return options.traces.name, pairs


def _timing(options: argparse.Namespace) -> Timing:
    timing = Timing(options.period, options.lag, options.latency)
    if not STEP_S <= timing.period_s <= LONGEST_S:
        raise ValueError(
            f"--period is {timing.period_s}; the model has steps of {STEP_S} s, so give that or more, "
            f"to {LONGEST_S:.0f}"
        )
    for name, value in (("--lag", timing.lag_s), ("--latency", timing.latency_s)):
        if not 0.0 <= value <= LONGEST_S or abs(value * 10 - round(value * 10)) > 1e-9:
            raise ValueError(
                f"{name} is {value}; the model has steps of {STEP_S} s, so give a multiple of it, to {LONGEST_S:.0f}"
            )
    return timing


def _ratcheted(options: argparse.Namespace) -> bool:
    return options.traces is None and _timing(options) == _DEFAULT


def _hold_floors(rows: Sequence[Row], options: argparse.Namespace) -> int:
    held = floors.read()
    if options.raise_floors:
        floors.write(floors.raised(rows, held))
        return 0
    broken = floors.fallen(rows, held)
    for line in broken:
        sys.stderr.write(f"bench: {line}\n")
    return 1 if broken else 0


class _Progress:
    """One line on stderr, rewritten on a terminal, every tenth otherwise."""

    def __init__(self) -> None:
        self._begun_s = time.monotonic()
        self._shown = -1

    def __call__(self, done: int, total: int, what: str) -> None:
        passed_s = time.monotonic() - self._begun_s
        if sys.stderr.isatty():
            sys.stderr.write(f"\r{done}/{total} {passed_s:.0f} s  {what:60.60}" + ("\n" if done == total else ""))
        elif done * 10 // total > self._shown:
            self._shown = done * 10 // total
            sys.stderr.write(f"bench: {done}/{total} after {passed_s:.0f} s\n")
        sys.stderr.flush()


if __name__ == "__main__":
    sys.exit(main())
