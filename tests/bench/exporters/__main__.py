"""`python -m tests.bench.exporters`: cost and fidelity of the MPTCP exporter, as one table. Needs root."""

from __future__ import annotations

import argparse
import sys
from itertools import chain

from tests.bench.exporters import cost, fidelity
from tests.bench.targets import report


def main() -> None:
    """Measure, and exit with 1 when a target is missed."""
    parser = argparse.ArgumentParser(prog="python -m tests.bench.exporters", description=__doc__)
    parser.add_argument("--alarm-minutes", type=float, default=10, help="length of the uncongested stream; default 10")
    parser.add_argument("--only", choices=["cost", "fidelity", "alarms"], help="measure one third")
    options = parser.parse_args()
    thirds = {
        "cost": cost.measure(),
        "fidelity": fidelity.measure(),
        "alarms": fidelity.measure_alarms(options.alarm_minutes),
    }
    chosen = [third for name, third in thirds.items() if options.only in {None, name}]
    sys.exit(0 if report(chain.from_iterable(chosen)) else 1)


if __name__ == "__main__":
    main()
