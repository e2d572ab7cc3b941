"""`python -m tests.bench.srtla`: cost and fidelity of the passive SRTLA observer, as one table. Needs root."""

from __future__ import annotations

import argparse
import sys
from itertools import chain

from tests.bench.srtla import cost, fidelity
from tests.bench.targets import report


def main() -> None:
    """Measure, and exit with 1 when a target is missed."""
    parser = argparse.ArgumentParser(prog="python -m tests.bench.srtla", description=__doc__)
    parser.add_argument("--seconds", type=float, default=20, help="length of each stream of the costs; default 20")
    parser.add_argument("--only", choices=["cost", "fidelity"], help="measure one half")
    options = parser.parse_args()
    halves = {"cost": cost.measure(options.seconds), "fidelity": fidelity.measure()}
    chosen = [half for name, half in halves.items() if options.only in {None, name}]
    sys.exit(0 if report(chain.from_iterable(chosen)) else 1)


if __name__ == "__main__":
    main()
