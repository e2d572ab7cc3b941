"""Everything that one call of the bench computes: policies, pairs, transports and costs, on all jobs."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import Future, ProcessPoolExecutor, as_completed
from dataclasses import dataclass
from itertools import product
from pathlib import Path

from tests.bench.caching import cache_dir, cached
from tests.bench.link import Transport
from tests.bench.rows import Row, row
from tests.bench.running import BASE, OBS_LIKE, ORACLE, ORACLES, Result, run
from tests.bench.simulation import ChangeCost, Timing
from tests.bench.traces import Pair

Progress = Callable[[int, int, str], None]


@dataclass(frozen=True, slots=True)
class Matrix:
    """What is asked: every policy on every pair, for each transport and cost.

    Rows come for the whole set, for each stratum if `by_stratum`, and for each pair of which the name is in `alone`.
    """

    set_name: str
    pairs: tuple[Pair, ...]
    policies: tuple[str, ...]
    transports: tuple[Transport, ...]
    costs: tuple[ChangeCost, ...]
    timing: Timing
    by_stratum: bool = False
    alone: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class _Task:
    policy: str
    pair: int
    transport: Transport
    cost: ChangeCost


_PAIRS: list[Pair] = []
_CACHE: list[Path] = []


def _begin(pairs: tuple[Pair, ...], directory: Path) -> None:
    """Give a worker the pairs once, instead of with each task."""
    os.nice(5)  # a bench never competes with the machine's own work
    _PAIRS[:] = pairs
    _CACHE[:] = [directory]


def _work(task: _Task, timing: Timing) -> Result:
    pair = _PAIRS[task.pair]

    def compute() -> Result:
        return run(task.policy, pair, task.transport, cost=task.cost, timing=timing)

    if task.policy not in ORACLES:
        return compute()
    return cached(task.policy, pair, task.transport, task.cost, directory=_CACHE[0], compute=compute)


def compute(matrix: Matrix, *, jobs: int, progress: Progress) -> list[Row]:
    """All rows, in the order asked; the two anchors are computed whether asked for or not."""
    tasks = list(_tasks(matrix))
    results: dict[_Task, Result] = {}
    directory = cache_dir(os.environ)
    with ProcessPoolExecutor(jobs, initializer=_begin, initargs=(matrix.pairs, directory)) as pool:
        waiting: dict[Future[Result], _Task] = {pool.submit(_work, task, matrix.timing): task for task in tasks}
        for done in as_completed(waiting):
            task = waiting[done]
            results[task] = done.result()
            progress(len(results), len(tasks), f"{task.policy}, {task.transport}, {matrix.pairs[task.pair].name}")
    return list(_rows(matrix, results))


def _tasks(matrix: Matrix) -> Iterator[_Task]:
    """The longest first, so that no job is left alone with one at the end."""
    longest = sorted(range(len(matrix.pairs)), key=lambda index: -matrix.pairs[index].duration_s)
    policies = dict.fromkeys((*matrix.policies, BASE, ORACLE))
    for pair, policy, transport, cost in product(longest, policies, matrix.transports, matrix.costs):
        if exists(policy, transport):
            yield _Task(policy, pair, transport, cost)


def exists(policy: str, transport: Transport) -> bool:
    """Whether the transport has the policy: OBS's dynamic bitrate is part of its RTMP output."""
    return not (policy == OBS_LIKE and transport is Transport.SRT)


def _rows(matrix: Matrix, results: dict[_Task, Result]) -> Iterator[Row]:
    for (name, members), transport, cost in product(_sets(matrix), matrix.transports, matrix.costs):

        def over(
            policy: str,
            *,
            members: Sequence[int] = members,
            transport: Transport = transport,
            cost: ChangeCost = cost,
        ) -> list[Result]:
            return [results[_Task(policy, pair, transport, cost)] for pair in members]

        for policy in matrix.policies:
            if exists(policy, transport):
                yield row(
                    set_name=name,
                    model=transport,
                    cost=cost,
                    policy=policy,
                    results=over(policy),
                    base=over(BASE),
                    oracle=over(ORACLE),
                )


def _sets(matrix: Matrix) -> list[tuple[str, list[int]]]:
    sets = [(matrix.set_name, list(range(len(matrix.pairs))))]
    if matrix.by_stratum:
        for stratum in dict.fromkeys(pair.stratum for pair in matrix.pairs):
            members = [index for index, pair in enumerate(matrix.pairs) if pair.stratum == stratum]
            sets.append((f"{matrix.set_name}: {stratum}", members))
    alone = [(index, pair.name) for index, pair in enumerate(matrix.pairs) if pair.name in matrix.alone]
    return [*sets, *((f"{matrix.set_name}: {name}", [index]) for index, name in alone)]
