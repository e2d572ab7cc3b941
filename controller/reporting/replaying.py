"""What a policy decides when it is shown again what was seen. Pure; the same samples give the same decisions.

The encoder is taken to do what it is told, at once: what is asked is what would have been decided, not what
would have become of it.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from controller.decision.machine import Decision, decide
from controller.decision.memory import State
from controller.decision.model import EncoderReading, SceneReading
from controller.decision.observing import WINDOW_S, observe

if TYPE_CHECKING:
    from collections.abc import Iterator

    from controller.decision.model import EncoderTraits, Series
    from controller.decision.policy import Policy


@dataclass(frozen=True, slots=True)
class Replayed:
    """One decision of the replay, at `at_s` seconds since the epoch."""

    at_s: float
    decision: Decision


def replay(  # noqa: PLR0913 - all that a past is decided from
    series: tuple[Series, ...], *, from_s: float, to_s: float, period_s: float, policy: Policy, traits: EncoderTraits
) -> Iterator[Replayed]:
    """A decision every `period_s` from `from_s` to `to_s`, each from what was there to be seen then."""
    state, tick = State.initial(policy), 0
    while (at_s := from_s + tick * period_s) <= to_s:
        observation = observe(
            at_s=at_s,
            series=_window(series, at_s),
            encoder=EncoderReading(reachable=True, confirmed=state.target),
            encoder_traits=traits,
            scene=SceneReading(),
            override=None,
            policy=policy,
        )
        decision = decide(state, observation, policy)
        state, tick = decision.state, tick + 1
        yield Replayed(at_s, decision)


def _window(series: tuple[Series, ...], at_s: float) -> tuple[Series, ...]:
    cut = (
        replace(one, samples=tuple(sample for sample in one.samples if at_s - WINDOW_S < sample.t_s <= at_s))
        for one in series
    )
    return tuple(one for one in cut if one.samples)
