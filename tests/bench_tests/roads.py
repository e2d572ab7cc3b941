"""Links and scripted controllers for the bench's own tests."""

from __future__ import annotations

import numpy as np

from tests.bench.history import History, Setting
from tests.bench.link import Link
from tests.bench.simulation import START
from tests.bench.traces import BINS_PER_S, Rates


def road(capacity_kbps: Rates) -> Link:
    """A link that carries exactly `capacity_kbps`, over two equal uplinks."""
    return Link(capacity_kbps, capacity_kbps / 2, capacity_kbps / 2)


def flat(kbps: float, seconds: float) -> Rates:
    """A constant rate."""
    return np.full(round(seconds * BINS_PER_S), kbps)


def blacked_out(kbps: float, seconds: float, *, at_s: float, for_s: float) -> Rates:
    """A constant rate with nothing for a while."""
    rates = flat(kbps, seconds)
    rates[round(at_s * BINS_PER_S) : round((at_s + for_s) * BINS_PER_S)] = 0.0
    return rates


class Script:
    """Gives each of its commands at its step, whatever it sees."""

    steps_per_s = BINS_PER_S

    def __init__(self, *commands: tuple[int, Setting], start: Setting = START, latency_s: float = 0.5) -> None:
        self.start = start
        self.latency_s = latency_s
        self._commands = dict(commands)

    def next_look(self, after: int) -> int:
        """The next step that has a command."""
        return min((step for step in self._commands if step > after), default=10**9)

    def look(self, history: History) -> Setting | None:
        """The command of this step."""
        return self._commands.get(history.steps - 1)
