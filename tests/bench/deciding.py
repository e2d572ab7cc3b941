"""`python -m tests.bench.deciding`: what one decision costs, in microseconds of CPU time.

An hour of a rig whose uplinks rise, fall and die is recorded as the observations that `observe` makes of its
windows; then `decide` runs over all of them, several times. The median run counts: the machine is shared.
Exit code 1 when a decision costs more than its target.
"""

from __future__ import annotations

import argparse
import sys
from dataclasses import replace
from statistics import median
from time import process_time

from controller.decision.machine import State, decide
from controller.decision.model import Observation
from controller.decision.policies import ADAPTIVE, LOCKED
from controller.decision.policy import Policy
from tests.bench.targets import Result, report
from tests.controller.decision.world import LIVE, RESTARTS, UPLINKS, Conditions, World

TARGET_US = 100.0
# Capacity in Mbit/s over the minutes of the drive, the second uplink dead in every third.
_ROADS = (20.0, 6.0, 3.0, 1.2, 0.4, 2.0, 9.0, 0.0, 5.0, 4.0)


def drive(policy: Policy, *, minutes: int) -> tuple[list[Observation], float]:
    """A rig's observations, one a second, and the seconds that one `observe` took."""
    world, state, seen, took_s = World(), State.initial(policy), [], []
    for second in range(60 * minutes):
        minute = second // 60
        dead = frozenset(UPLINKS[1:]) if minute % 3 == 1 and second % 60 < 20 else frozenset()
        world.conditions = Conditions(capacity_bps=_ROADS[minute % len(_ROADS)] * 1e6, dead=dead)
        world.advance()
        began_s = process_time()
        seen.append(world.observe(policy))
        took_s.append(process_time() - began_s)
        state = decide(state, seen[-1], policy).state
        world.obey(state.target)
    return seen, median(took_s)


def cost_us(policy: Policy, seen: list[Observation], *, runs: int) -> float:
    """Microseconds of one decision over the observations; the median of the runs."""
    took_us = []
    for _ in range(runs):
        state = State.initial(policy)
        began_s = process_time()
        for one in seen:
            state = decide(state, one, policy).state
        took_us.append((process_time() - began_s) / len(seen) * 1e6)
    return median(took_us)


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m tests.bench.deciding", description=__doc__.split("\n", 1)[0])
    parser.add_argument("--minutes", type=int, default=60, help="of the recorded drive (default 60)")
    parser.add_argument("--runs", type=int, default=9, help="over it; the median counts (default 9)")
    return parser.parse_args()


def main() -> int:
    """Measure, print the table, and say whether the target holds."""
    options, results = _options(), []
    for policy in (ADAPTIVE, LOCKED):
        seen, observe_s = drive(policy, minutes=options.minutes)
        for name, traits in (("live", LIVE), ("restart", RESTARTS)):
            took_us = cost_us(policy, [replace(one, encoder_traits=traits) for one in seen], runs=options.runs)
            target = f"<= {TARGET_US:.0f} us"
            results.append(
                Result(f"decide, {policy.name}, {name}", f"{took_us:.0f} us", target, holds=took_us <= TARGET_US)
            )
        results.append(Result(f"observe, {policy.name}", f"{observe_s * 1e6:.0f} us", "-", holds=True))
    return 0 if report(results) else 1


if __name__ == "__main__":
    sys.exit(main())
