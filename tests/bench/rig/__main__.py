"""`make bench-rig`: eight segments through the demo's world and through the model, side by side. Needs root."""

from __future__ import annotations

import argparse
import asyncio
import json
import shutil
import sys
import tempfile
from collections.abc import Sequence
from dataclasses import asdict
from pathlib import Path

from deploy.demo.control import ControlError
from deploy.demo.namespaces import NamespaceError
from deploy.demo.part import PartError
from tests.bench.link import Transport
from tests.bench.pairs import pairs_in
from tests.bench.rig import keeping
from tests.bench.rig.agreement import Comparison, verdict
from tests.bench.rig.modelling import DEMO, model
from tests.bench.rig.playing import before_other_work, play
from tests.bench.rig.report import table
from tests.bench.rig.segments import HELD_OUT, SEGMENTS, Segment, recorded_segments, synthetic_segments
from tests.bench.traces import TraceError

POLICIES = ("adaptive", "locked")

Run = tuple[Segment, str]  # a segment under a policy


def parser() -> argparse.ArgumentParser:
    """The command line."""
    described = argparse.ArgumentParser(
        prog="python -m tests.bench.rig",
        description="Play the same capacities through the demo's world and through the bench's model, and compare. "
        "A segment takes 160 s; results are kept, so that the target can be run in parts. "
        "Exit code 1: they do not agree well enough; 2: it cannot be run.",
    )
    described.add_argument("--traces", type=Path, metavar="DIR", help="recorded traces instead of the generator's")
    described.add_argument("--segments", type=int, default=SEGMENTS, metavar="N", help="default: %(default)s")
    described.add_argument(
        "--held-out", action="store_true", help=f"the generator's segments from {HELD_OUT} on, which no constant is of"
    )
    described.add_argument("--only", type=int, action="append", metavar="N", help="only segment N; repeatable")
    described.add_argument("--policy", action="append", choices=POLICIES, help="repeatable; default: both")
    described.add_argument(
        "--mode",
        choices=[Transport.TCP.value, Transport.TCP_HOL.value, Transport.MPTCP.value],
        default=Transport.MPTCP.value,
        help="which model of the way to the server; default: %(default)s",
    )
    described.add_argument(
        "--results",
        type=Path,
        default=Path(".demo/rig"),
        metavar="DIR",
        help="where results are kept, and found again "
        "as long as the segment is the same: %(default)s; another one for each state of the code",
    )
    described.add_argument(
        "--again", type=int, default=1, metavar="N", help="each N times, and how far the rig repeats itself"
    )
    described.add_argument(
        "--guard", action="store_true", help="with the bond's guard, which the models have not; another --results then"
    )
    described.add_argument("--play", type=int, metavar="N", help="play at most N missing ones now; default: all")
    described.add_argument("--logs", type=Path, metavar="DIR", help="keep the logs of what is played")
    described.add_argument("--json", type=Path, metavar="FILE", help="write the comparisons as JSON")
    return described


def main(arguments: Sequence[str] | None = None) -> int:
    """Play what is missing, compare all there is, print; 0, 1 or 2 as the help says."""
    chosen = parser().parse_args(arguments)
    try:
        segments = (
            synthetic_segments(chosen.segments, first=HELD_OUT if chosen.held_out else 1)
            if chosen.traces is None
            else recorded_segments(pairs_in(chosen.traces), chosen.segments)
        )
    except (TraceError, ValueError) as error:
        sys.stderr.write(f"bench: {error}\n")
        return 2
    segments = tuple(one for one in segments if chosen.only is None or one.number in chosen.only)
    runs = [(segment, name) for segment in segments for name in chosen.policy or POLICIES]
    try:
        _play_missing(runs, chosen)
    except (ControlError, NamespaceError, PartError, TimeoutError, OSError) as error:
        sys.stderr.write(f"bench: {error}\n")
        return 2
    compared = [_compared(run, chosen) for run in runs]
    comparisons = [one for takes in compared for one in takes]
    found = verdict(comparisons)
    sys.stdout.write(table(segments, compared, found))
    if chosen.json is not None:
        rows = {"verdict": asdict(found), "runs": [asdict(one) for one in comparisons]}
        chosen.json.write_text(json.dumps(rows, indent=1) + "\n", encoding="utf-8")
    missing = len(runs) * chosen.again - len(comparisons)
    if missing:
        sys.stderr.write(f"bench: {missing} of {len(runs) * chosen.again} runs are still to be played; run it again\n")
    return 1 if missing or found.misses() else 0


def _play_missing(runs: Sequence[Run], chosen: argparse.Namespace) -> None:
    chosen.results.mkdir(parents=True, exist_ok=True)
    takes = [(*run, take) for take in range(1, chosen.again + 1) for run in runs]
    missing = [one for one in takes if keeping.read(chosen.results, *one) is None][: chosen.play]
    for number, (segment, name, take) in enumerate(missing, start=1):
        sys.stderr.write(f"bench: {number}/{len(missing)}: segment {segment.number} ({segment.pair.name}), {name}\n")
        with tempfile.TemporaryDirectory(prefix="vvlive-rig-") as scratch:
            directory = Path(scratch) / f"{segment.number}-{name}-{take}"
            directory.mkdir(mode=0o700)  # the run's keys are in it
            try:
                with before_other_work():
                    played = asyncio.run(play(segment, name, directory, guard=chosen.guard))
            finally:
                if chosen.logs is not None:
                    shutil.copytree(directory, chosen.logs / directory.name, dirs_exist_ok=True)
        keeping.write(chosen.results, segment, played, take)


def _compared(run: Run, chosen: argparse.Namespace) -> list[Comparison]:
    """All that was played of it, each beside the model that was under way for as long before."""
    segment, name = run
    found = []
    for take in range(1, chosen.again + 1):
        played = keeping.read(chosen.results, segment, name, take)
        if played is not None:
            said = model(segment, name, Transport(chosen.mode), before_s=played.before_s, timing=DEMO)
            found.append(Comparison(segment.number, name, played.outcome(), said, played.pictures_per_s))
    return found


if __name__ == "__main__":
    sys.exit(main())
