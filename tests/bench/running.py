"""Run a policy over a pair, and a set of policies over a set of pairs.

from tests.bench.running import run
from tests.bench.pairs import open_pairs

pair = open_pairs(Path("traces"))[0]
run("adaptive", pair, Transport.TCP).qoe
run(replace(ADAPTIVE, trim=Trim(cut=0.85)), pair, Transport.TCP_HOL)   # a policy under tuning
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from controller.decision.policies import by_name
from controller.decision.policy import Policy
from tests.bench import oracle
from tests.bench.link import Link, Transport, link
from tests.bench.policies.in_encoder import ObsLike
from tests.bench.policies.ladder import RefLadder, UsersTable
from tests.bench.policies.product import Product
from tests.bench.policies.smooth import Aimd, RefRobust, RefSmooth
from tests.bench.policies.windows import Static, Windowed, WindowPolicy
from tests.bench.scenes import SceneMeasures, measure_scenes
from tests.bench.score import Measures, Scored, measure
from tests.bench.simulation import ChangeCost, Controller, Timing, simulate
from tests.bench.traces import Pair

PRODUCT = ("adaptive", "locked")
ORACLE, LADDER_ORACLE = "oracle", "oracle ladder"
ORACLES = (ORACLE, LADDER_ORACLE)
BASE = "fixed 2.5"
_WINDOWED: dict[str, Callable[[], WindowPolicy]] = {
    "fixed 4.5": lambda: Static(4_500.0),
    BASE: lambda: Static(2_500.0),
    "users-table-true-capacity": UsersTable,
    "aimd": Aimd,
    "ref-ladder": RefLadder,
    "ref-smooth": RefSmooth,
    "ref-robust": RefRobust,
}
OBS_LIKE = "obs-like"
POLICIES = (*PRODUCT, *_WINDOWED, OBS_LIKE, *ORACLES)


@dataclass(frozen=True, slots=True)
class Result:
    """One policy on one pair: its columns, and those of its scenes where it has any."""

    pair: str
    stratum: str
    measures: Measures
    scenes: SceneMeasures | None = None

    @property
    def qoe(self) -> float:
        """QoE_lin."""
        return self.measures.qoe


def run(
    policy: str | Policy,
    pair: Pair,
    transport: Transport,
    *,
    cost: ChangeCost = ChangeCost.LIVE,
    timing: Timing | None = None,
) -> Result:
    """Run one policy, by name or a product policy as a value, over one pair.

    Raises:
        ValueError: no policy has that name.
    """
    timing = timing or Timing()
    if isinstance(policy, str) and policy in ORACLES:
        return _oracle(policy, pair, transport, cost)
    return _judged(pair, link(pair, transport), _controller(policy, timing, cost), transport, cost)


def _judged(pair: Pair, road: Link, controller: Controller, transport: Transport, cost: ChangeCost) -> Result:
    history = simulate(road, controller, transport, cost)
    return Result(pair.name, pair.stratum, measure(history), measure_scenes(history, Scored(history)))


def _controller(policy: str | Policy, timing: Timing, cost: ChangeCost) -> Controller:
    if isinstance(policy, Policy):
        return Product(policy, timing, cost)
    if policy in PRODUCT:
        return Product(by_name(policy), timing, cost)
    if policy == OBS_LIKE:
        return ObsLike()
    if policy in _WINDOWED:
        return Windowed(_WINDOWED[policy](), timing)
    raise ValueError(f"policy {policy!r} is not known: choose among {', '.join(POLICIES)}")


def _oracle(name: str, pair: Pair, transport: Transport, cost: ChangeCost) -> Result:
    """The replayed plan; under SRT, where the plan is not exact, the better of two.

    Under MPTCP it is replayed over one pipe that carries what both uplinks do, in order and without
    losses: a bound, since two queues never deliver sooner.
    """
    menu = oracle.menus(cost)[ORACLES.index(name)]
    road = link(pair, transport)
    kinds = (Transport.SRT, Transport.TCP) if transport is Transport.SRT else (transport,)
    plans = [oracle.plan(road, menu, kind) for kind in kinds]
    pipe = Transport.TCP if transport is Transport.MPTCP else transport
    results = [_judged(pair, road, oracle.Planned(plan), pipe, cost) for plan in plans]
    return max(results, key=lambda result: result.qoe)
