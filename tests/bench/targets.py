"""Measurements held against their targets, as one table."""

from __future__ import annotations

import sys
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from math import inf
from statistics import median, quantiles


@dataclass(frozen=True, slots=True)
class Result:
    """One line of the table: what was measured, the target in words, and whether it holds."""

    name: str
    value: str
    target: str
    holds: bool


def timed(name: str, values_s: Sequence[float | None], target_s: float) -> Result:
    """Times against a target for their p95; one that never became known, None, misses it."""
    seen = [one for one in values_s if one is not None]
    worst_s = max(seen, default=inf)
    p95_s = quantiles(seen, n=20, method="inclusive")[-1] if len(seen) > 1 else worst_s
    middle_s = median(seen) if seen else inf
    value = f"p50 {middle_s:.2f}, p95 {p95_s:.2f}, worst {worst_s:.2f} s of {len(seen)}/{len(values_s)}"
    return Result(name, value, f"p95 {target_s:g} s", p95_s <= target_s and len(seen) == len(values_s))


def report(results: Iterable[Result]) -> bool:
    """Print each result as it comes; whether all targets hold."""
    write = sys.stdout.write
    write("| what | measured | target | |\n|---|---|---|---|\n")
    all_hold = True
    for result in results:
        all_hold &= result.holds
        verdict = "MISSED" if not result.holds else "ok" if result.target != "-" else ""
        write(f"| {result.name} | {result.value} | {result.target} | {verdict} |\n")
        sys.stdout.flush()
    return all_hold
