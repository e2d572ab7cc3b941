"""Measurements held against their targets, as one table."""

from __future__ import annotations

import sys
from collections.abc import Iterable
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Result:
    """One line of the table: what was measured, the target in words, and whether it holds."""

    name: str
    value: str
    target: str
    holds: bool


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
