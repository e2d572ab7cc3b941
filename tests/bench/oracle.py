"""The oracle: the best plan for a link whose whole future is known, an upper bound for policies.

A backward dynamic programme over (rate, queue) in steps of 0.5 s. The value of a step is its media
when it will be served within the budget, else minus 18 per second; a change of rate costs 4 per
Mbit/s. That is QoE_lin times the duration; the first minute, which the score leaves out, is worth
next to nothing here, too. The plan is replayed through the simulator, so that the oracle's row is a
run like any other.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from tests.bench.history import History, Setting
from tests.bench.link import Link, Transport, link
from tests.bench.policies.windows import LADDER
from tests.bench.score import GOP_S, WARM_UP_S, Measures, measure
from tests.bench.simulation import BUDGET_S, RESTART_S, ChangeCost, simulate
from tests.bench.traces import BINS_PER_S, Pair

STEP_BINS = 5
STEP_S = STEP_BINS / BINS_PER_S
GRID_KBIT = 40.0
GRID_TOP_KBIT = 9_600.0
LATE_COST = 18.0  # per second, as in the score
CHANGE_COST = 4.0  # per Mbit/s, as in the score
# Not 0: of plans that are equal afterwards one must keep its queue on the grid, beyond which nothing is told apart.
WARM_UP_WORTH = 0.001
SPOILT_GOP_S = 1.0  # what a loss costs besides, on average, under SRT
RESTART_STEPS = round(RESTART_S / STEP_S)
GOP_STEPS = round(GOP_S / STEP_S)

Floats = npt.NDArray[np.float64]
Choices = npt.NDArray[np.int8]


@dataclass(frozen=True, slots=True)
class Menu:
    """What an oracle may choose from, and whether moving between any two settings is a restart."""

    name: str
    settings: tuple[Setting, ...]
    restarts: bool


_FINE = tuple(Setting(float(rate), 720) for rate in range(300, 4_501, 300))
FINE = Menu("oracle", _FINE, restarts=False)
FINE_RESTART = Menu("oracle", _FINE, restarts=True)
RUNGS = tuple(Setting(rate, height) for rate, height in reversed(LADDER))
LADDER_RESTART = Menu("oracle ladder", RUNGS, restarts=True)
LADDER_SEAMLESS = Menu("oracle ladder", RUNGS, restarts=False)


def menus(cost: ChangeCost) -> tuple[Menu, Menu]:
    """The anchor of the score and the ladder's oracle under `cost`.

    Live changes of bitrate are free, so the anchor stays at one height and never restarts.
    """
    if cost is ChangeCost.RESTART:
        return FINE_RESTART, LADDER_RESTART
    return FINE, LADDER_SEAMLESS if cost is ChangeCost.SEAMLESS else LADDER_RESTART


class Planned:
    """Replays a plan: one setting per half second, in force from its first step on."""

    steps_per_s = BINS_PER_S
    latency_s = 0.0

    def __init__(self, plan: tuple[Setting, ...]) -> None:
        self.start = plan[0]
        self._plan = plan

    def next_look(self, after: int) -> int:
        """The last step of the half second that runs after step `after`."""
        return ((after + 1) // STEP_BINS + 1) * STEP_BINS - 1

    def look(self, history: History) -> Setting | None:
        """The plan's setting for the half second that begins with the coming step, when it is a new one."""
        step = history.steps // STEP_BINS
        if step >= len(self._plan) or self._plan[step] == self._plan[step - 1]:
            return None
        return self._plan[step]


def best(menu: Menu, pair: Pair, transport: Transport, cost: ChangeCost) -> Measures:
    """The columns of the replayed plan; under SRT, where the plan is not exact, of the better of two.

    Under MPTCP it is replayed over one pipe that carries what both uplinks do, in order and without
    losses: a bound, since two queues never deliver sooner.
    """
    road = link(pair, transport)
    kinds = (Transport.SRT, Transport.TCP) if transport is Transport.SRT else (transport,)
    pipe = Transport.TCP if transport is Transport.MPTCP else transport
    plans = [plan(road, menu, kind) for kind in kinds]
    runs = [measure(simulate(road, Planned(one), pipe, cost)) for one in plans]
    return max(runs, key=lambda measures: measures.qoe)


def plan(road: Link, menu: Menu, transport: Transport) -> tuple[Setting, ...]:
    """The best setting for each half second of `road`."""
    problem = _Problem(road, menu, srt=transport is Transport.SRT)
    return tuple(menu.settings[choice] for choice in problem.best_path())


class _Problem:
    """The dynamic programme for one link. Amounts in kbit, values in Mbit."""

    def __init__(self, road: Link, menu: Menu, *, srt: bool) -> None:
        steps = len(road.capacity_kbps) // STEP_BINS
        self.served = road.capacity_kbps[: steps * STEP_BINS].reshape(steps, STEP_BINS) / BINS_PER_S
        sums = np.concatenate(([0.0], np.cumsum(self.served)))
        ends = np.arange(1, self.served.size + 1)
        # A slice joins at the start of its bin; its budget covers the 19 bins after its own.
        in_time = np.minimum(ends + round(BUDGET_S * BINS_PER_S) - 1, self.served.size)
        self.window = (sums[in_time] - sums[ends]).reshape(steps, STEP_BINS)
        self.rates = np.array([setting.rate_kbps for setting in menu.settings])
        self.menu, self.srt, self.steps = menu, srt, steps
        self.queue = np.arange(0.0, GRID_TOP_KBIT + GRID_KBIT / 2, GRID_KBIT)
        self.media = self.rates[:, None] * STEP_S
        self.gain = self.media / 1_000.0
        self.slope = CHANGE_COST * self.rates[:, None] / 1_000.0
        self.worth = np.ones(steps)
        self.worth[: round(WARM_UP_S / STEP_S)] = WARM_UP_WORTH

    def best_path(self) -> list[int]:
        """The chosen index per step, following the recorded choices from an empty queue."""
        choices, first = self._backward()
        now, queued, path = first, 0.0, []
        busy = 0
        for step in range(self.steps):
            cell = min(round(queued / GRID_KBIT), len(self.queue) - 1)
            wish = now if busy else int(choices[step, now, cell])
            if wish != now and self.menu.restarts:
                busy = RESTART_STEPS
            now = wish
            left, _ = self._run(step, np.array(queued), np.array(0.0 if busy else self.media[now, 0]))
            queued = float(left)
            busy = max(0, busy - 1)
            path.append(now)
        return path

    def _run(self, step: int, queued: Floats, media: Floats) -> tuple[Floats, npt.NDArray[np.int64]]:
        """One step of five slices: the queue after it, and how many of the slices came or will come too late."""
        late = np.zeros(np.broadcast(queued, media).shape, dtype=np.int64)
        left = queued
        for served, window in zip(self.served[step].tolist(), self.window[step].tolist(), strict=True):
            left = np.maximum(0.0, left + (media / STEP_BINS - served))
            late += left > window
            if self.srt:
                left = np.minimum(left, window)
        return left, late

    def _backward(self) -> tuple[Choices, int]:
        shape = (len(self.rates), len(self.queue))
        choices = np.zeros((self.steps, *shape), dtype=np.int8)
        later = [np.zeros(shape)] * (RESTART_STEPS + 1)  # values after 1, 2, ... steps
        for step in range(self.steps - 1, -1, -1):
            kept = self._kept(step, later[0])
            if self.menu.restarts:
                restarted = self._restarted(step, later[RESTART_STEPS - 1])
                moved, target = self._best_move(restarted, self.worth[step], shift=1)
                own = np.arange(shape[0], dtype=np.int8)[:, None]
                choices[step] = np.where(kept >= moved, own, target)
                value = np.maximum(kept, moved)
            else:
                value, choices[step] = self._best_move(kept, self.worth[step])
            later = [value, *later[:RESTART_STEPS]]
        return choices, int(np.argmax(later[0][:, 0]))

    def _kept(self, step: int, later: Floats) -> Floats:
        """The value of running each rate from each queue for one step, then going on at best."""
        left, late = self._run(step, self.queue[None, :], self.media)
        late_share = late / STEP_BINS
        value: Floats = (1.0 - late_share) * self.gain - late_share * LATE_COST * STEP_S
        if self.srt:
            value -= np.where(late > 0, LATE_COST * SPOILT_GOP_S, 0.0)
        value *= self.worth[step]
        value += _read(later, left)
        return value

    def _restarted(self, step: int, later: Floats) -> Floats:
        """The value of two seconds without output, at the end of which each rate runs.

        A setting cannot be restarted into itself: `_best_move` is told to leave it out.
        """
        drained = self.served[step : step + RESTART_STEPS].sum()
        left = np.broadcast_to(np.maximum(0.0, self.queue - drained), later.shape)
        cost: Floats = np.full_like(self.rates[:, None], LATE_COST * RESTART_S)
        if self.srt:  # the group of pictures into which the output returns is spoilt to its end
            spoilt = -step % GOP_STEPS / GOP_STEPS * GOP_S
            cost += spoilt * (LATE_COST + self.rates[:, None] / 1_000.0)
        value: Floats = _read(later, left) - self.worth[step : step + RESTART_STEPS].mean() * cost
        return value

    def _best_move(self, value: Floats, worth: float, *, shift: int = 0) -> tuple[Floats, Choices]:
        """For each present rate the best next one: `value` less what the change of rate costs.

        The cost is linear in the distance, so two running maxima, one from each end, find it. With
        `shift` 1 the present rate itself is no choice.
        """
        slope = worth * self.slope
        upwards, low = _running_max(value + slope, shift=shift)
        downwards, high = _running_max((value - slope)[::-1], shift=shift)
        from_below, from_above = upwards - slope, downwards[::-1] + slope
        best: Floats = np.maximum(from_below, from_above)
        last = len(self.rates) - 1
        return best, np.where(from_below >= from_above, low, last - high[::-1]).astype(np.int8)


def _running_max(rows: Floats, *, shift: int) -> tuple[Floats, Choices]:
    """The largest of the rows so far and its index, for each row; `shift` rows late."""
    best: Floats = np.maximum.accumulate(rows, axis=0)
    own = np.arange(len(rows), dtype=np.int8)[:, None]
    where = np.maximum.accumulate(np.where(rows >= best, own, np.int8(0)), axis=0)
    if shift:
        best = np.concatenate((np.full((shift, rows.shape[1]), -np.inf), best[:-shift]))
        where = np.concatenate((np.zeros((shift, rows.shape[1]), dtype=np.int8), where[:-shift]))
    return best, where


def _read(values: Floats, queued: Floats) -> Floats:
    """`values` at queues between the grid's points, linear; beyond the grid its last point."""
    position = np.minimum(queued / GRID_KBIT, values.shape[1] - 1.0)
    low = np.minimum(position.astype(np.int64), values.shape[1] - 2)
    share = position - low
    left = np.take_along_axis(values, low, axis=1)
    right = np.take_along_axis(values, low + 1, axis=1)
    between: Floats = left + share * (right - left)
    return between
