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
from tests.bench.link import Transport, link
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
        menu = oracle.menus(cost)[ORACLES.index(policy)]
        return Result(pair.name, pair.stratum, oracle.best(menu, pair, transport, cost))
    history = simulate(link(pair, transport), _controller(policy, timing, cost), transport, cost)
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
