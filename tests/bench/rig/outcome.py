"""What one policy did on one segment, in the rig or in the model, in the same terms."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from tests.bench.score import PROPAGATION_S
from tests.bench.simulation import BUDGET_S
from tests.bench.traces import BINS_PER_S

ON_TIME_S = BUDGET_S + PROPAGATION_S


@dataclass(frozen=True, slots=True)
class Transition:
    """The quality state went from one to another, `t_s` after the segment's begin."""

    t_s: float
    old: str
    new: str


@dataclass(frozen=True, slots=True)
class Outcome:
    """One run.

    Attributes:
        on_time: share of the segment whose picture came within the viewer's budget.
        p95_s: 95th percentile of the lateness of the pictures that came, s.
        transitions: changes of the quality state within the segment.
    """

    on_time: float
    p95_s: float
    transitions: tuple[Transition, ...]


def outcome(lateness_s: Sequence[float | None], transitions: Iterable[Transition], length_s: float) -> Outcome:
    """The outcome of a segment from the lateness of each tenth of a second of picture; None: it never came."""
    came = [late_s for late_s in lateness_s if late_s is not None]
    return Outcome(
        on_time=sum(late_s <= ON_TIME_S for late_s in came) / len(lateness_s),
        p95_s=float(np.percentile(came, 95)) if came else float("inf"),
        transitions=tuple(one for one in transitions if 0.0 <= one.t_s <= length_s),
    )


def lateness(arrived_s: Mapping[float, float], *, start_s: float, length_s: float) -> list[float | None]:
    """The lateness of each tenth of a second, from when each picture was taken and when it came.

    `arrived_s` is by capture time. A tenth is as late as the last picture taken in it, which is when
    the model's slice is complete; one without any picture was never made or never came.
    """
    found: list[float | None] = [None] * round(length_s * BINS_PER_S)
    for captured_s in sorted(arrived_s):
        place = int((captured_s - start_s) * BINS_PER_S // 1)
        if 0 <= place < len(found):
            found[place] = arrived_s[captured_s] - captured_s
    return found
