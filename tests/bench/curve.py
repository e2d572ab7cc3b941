"""`python -m tests.bench.curve`: what looking more often is worth to `adaptive`, on the synthetic set.

One row per period, with the lag and the latency that the demo measures; the rest of a row is the bench's. The
shortest period that the edge's machine affords is the best one: scrape, query and decision come once in each.
"""

from __future__ import annotations

import argparse
import os
import sys
from collections.abc import Iterator, Sequence

from tests.bench.link import Transport
from tests.bench.matrix import Matrix, compute
from tests.bench.rows import Row
from tests.bench.simulation import ChangeCost, Timing
from tests.bench.synthetic import synthetic_pairs
from tests.bench.traces import Pair

PERIODS_S = (0.1, 0.25, 0.5, 1.0, 2.0)
# Of the demo: from a scrape to the decision that sees it, and from the order to the first changed frame.
LAG_S, LATENCY_S = 0.2, 0.2
POLICY = "adaptive"


def curve(
    pairs: tuple[Pair, ...], periods_s: Sequence[float], transport: Transport, *, jobs: int
) -> Iterator[tuple[float, Row]]:
    """The row of `POLICY` for each period."""
    for period_s in periods_s:
        timing = Timing(period_s, LAG_S, LATENCY_S)
        asked = Matrix("synthetic", pairs, (POLICY,), (transport,), (ChangeCost.LIVE,), timing)
        (row,) = compute(asked, jobs=jobs, progress=lambda *_: None)
        yield period_s, row


def table(rows: Iterator[tuple[float, Row]]) -> Iterator[str]:
    """The rows as Markdown, one by one."""
    yield "| looking every, s | S | delivered, Mbit/s | frozen, s per hour | reaction, s |\n|---|---|---|---|---|"
    for period_s, row in rows:
        react = "-" if row.react_p50_s is None else f"{row.react_p50_s:.1f}"
        yield f"| {period_s:g} | {row.s:.0f} | {row.delivered_mbps:.2f} | {row.frozen_s_per_h:.0f} | {react} |"


def main(arguments: Sequence[str] | None = None) -> int:
    """Compute and print; always 0."""
    described = argparse.ArgumentParser(prog="python -m tests.bench.curve", description=__doc__)
    described.add_argument(
        "--mode", type=Transport, choices=list(Transport), default=Transport.TCP_HOL, help="default %(default)s"
    )
    described.add_argument("--jobs", type=int, default=os.cpu_count() or 1, metavar="N", help="processes")
    options = described.parse_args(arguments)
    for line in table(curve(synthetic_pairs(), PERIODS_S, options.mode, jobs=max(1, options.jobs))):
        sys.stdout.write(f"{line}\n")
        sys.stdout.flush()
    return 0


if __name__ == "__main__":
    sys.exit(main())
