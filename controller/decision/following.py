"""State and geometry follow the trimmed bitrate.

The state steps down, straight to the rung that fits, when the bitrate has been below the state's band for long
enough, and goes on down while it still is; it climbs through RECOVERY, in which the bitrate may rise to the next
rung's preset, and which ends as soon as the next rung's band has been reached and held.

Geometry may lag: where a change costs picture, the wrong size is borne until bearing it has cost as much as
the change does. That never costs more than twice what foresight would have paid.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from controller.decision.memory import Recovery
from controller.decision.model import Quality, Reason
from controller.decision.wording import mbit, seconds

if TYPE_CHECKING:
    from controller.decision.clocks import Clocks
    from controller.decision.memory import State
    from controller.decision.policy import Policy

_OUTSIDE = "outside"
"""Below the band of the state that there is: a fall that does not reach far enough leaves it running."""
_CLIMB = "climb"
_PROOF = "proof"


@dataclass(frozen=True, slots=True)
class Followed:
    """The state after following, and why it changed; `reason` is None when it did not."""

    quality: Quality
    base: Quality
    recovery: Recovery | None
    clocks: Clocks
    reason: Reason | None = None


def cap_bps(state: State, policy: Policy) -> float:
    """The highest bitrate of the state: its preset's, in RECOVERY that of the rung above."""
    above = policy.next_up(state.base) if state.quality is Quality.RECOVERY else None
    return float((above or policy.rung(state.base)).preset.bitrate_bps)


@dataclass(frozen=True, slots=True)
class Trimmed:
    """What the bitrate law has just done: its rate, whether that was a cut, and the queue that it saw."""

    at_s: float
    rate_bps: float
    queue_s: float = 0.0
    cut: bool = False


def follow(state: State, trimmed: Trimmed, policy: Policy) -> Followed:
    """The state that fits what the bitrate law does."""
    clocks = state.clocks.run(_conditions(state, trimmed, policy), at_s=trimmed.at_s)
    if moved := _down(state, trimmed, policy, clocks):
        return moved
    if state.quality is Quality.RECOVERY:
        return _recovering(state, trimmed, policy, clocks)
    return _up(state, trimmed, policy, clocks)


def _conditions(state: State, trimmed: Trimmed, policy: Policy) -> dict[str, bool | None]:
    band, rate_bps = policy.following.band, trimmed.rate_bps
    conditions: dict[str, bool | None] = {
        f"band:{rung.quality}": rate_bps < band * rung.preset.bitrate_bps for rung in policy.rungs if rung.floor
    }
    conditions[_OUTSIDE] = rate_bps < band * policy.rung(state.base).preset.bitrate_bps
    above = policy.next_up(state.base)
    if above is not None and not trimmed.cut:
        if state.quality is Quality.RECOVERY:
            conditions[f"{_PROOF}:{state.base}"] = rate_bps >= band * above.preset.bitrate_bps
        else:
            clear = trimmed.queue_s <= policy.trim.empty_s
            conditions[f"{_CLIMB}:{state.base}"] = clear and rate_bps >= policy.rung(state.base).preset.bitrate_bps
    return conditions


def _down(state: State, trimmed: Trimmed, policy: Policy, clocks: Clocks) -> Followed | None:
    rules, rate_bps = policy.following, trimmed.rate_bps
    if not clocks.matured(_OUTSIDE, rules.band_for_s, at_s=trimmed.at_s):
        return None
    fits = next(
        rung
        for rung in policy.downwards_from(state.base)
        if rung.floor is None or not clocks.matured(f"band:{rung.quality}", rules.landing_s, at_s=trimmed.at_s)
    )
    if fits.quality is state.base:
        return None
    band_bps = rules.band * policy.rung(state.base).preset.bitrate_bps
    text = (
        f"The bitrate is {mbit(rate_bps)} and has been below its state for {rules.band_for_s:.0f} s; {state.base} "
        f"begins at {mbit(band_bps)}: {fits.quality} fits."
    )
    evidence = (("rate_bps", round(rate_bps)), ("band_bps", round(band_bps)))
    return Followed(fits.quality, fits.quality, None, clocks, Reason("band-below", text, evidence))


def _recovering(state: State, trimmed: Trimmed, policy: Policy, clocks: Clocks) -> Followed:
    base, above, rate_bps = state.base, policy.next_up(state.base), trimmed.rate_bps
    began_s = trimmed.at_s if state.recovery is None else state.recovery.since_s
    evidence = (("rate_bps", round(rate_bps)),)
    if above is None:
        return Followed(base, base, None, clocks)
    if clocks.matured(f"{_PROOF}:{base}", policy.following.proof_for_s, at_s=trimmed.at_s):
        text = f"{mbit(rate_bps)} flow: {above.quality} is safe, one step up."
        return Followed(above.quality, above.quality, None, clocks, Reason("recovery-proved", text, evidence))
    if trimmed.cut and rate_bps <= policy.rung(base).preset.bitrate_bps:
        text = f"RECOVERY met a queue and {mbit(rate_bps)} remain: back to {base}."
        return Followed(base, base, None, clocks, Reason("recovery-refuted", text, evidence))
    if trimmed.at_s - began_s >= policy.recovery_s:
        text = f"{above.quality} was not reached in {policy.recovery_s:.0f} s: back to {base}."
        return Followed(base, base, None, clocks, Reason("recovery-unproved", text, evidence))
    return Followed(state.quality, base, state.recovery, clocks)


def _up(state: State, trimmed: Trimmed, policy: Policy, clocks: Clocks) -> Followed:
    base, above = policy.rung(state.base), policy.next_up(state.base)
    wish = f"{_CLIMB}:{state.base}"
    if above is None or not clocks.matured(wish, policy.following.climb_after_s, at_s=trimmed.at_s):
        return Followed(state.quality, state.base, state.recovery, clocks)
    rate_bps = float(base.preset.bitrate_bps)
    text = f"{mbit(rate_bps)} flow without a queue: RECOVERY tries for {above.quality}."
    recovery = Recovery(since_s=trimmed.at_s, probe_bps=rate_bps, probe_since_s=trimmed.at_s)
    return Followed(Quality.RECOVERY, state.base, recovery, clocks, Reason("stable", text))


def fitting(rate_bps: float, policy: Policy) -> Quality:
    """The highest rung in whose band `rate_bps` lies; the bottom when it lies below all."""
    fits = (r.quality for r in reversed(policy.rungs) if rate_bps >= policy.following.band * r.preset.bitrate_bps)
    return next(fits, policy.rungs[0].quality)


def fit_geometry(
    state: State, base: Quality, trimmed: Trimmed, policy: Policy, *, cost_s: float | None
) -> tuple[Quality, float, str]:
    """The rung whose picture size shall play, what bearing a wrong one has cost in bits, and a remark.

    While the picture is so late that nobody would see the interruption, a change is free.
    """
    if cost_s is None or base in {state.geometry, Quality.ERROR}:
        return state.geometry, 0.0, ""
    passed_s = 0.0 if state.at_s is None else max(0.0, trimmed.at_s - state.at_s)
    preset_bps = policy.rung(state.geometry).preset.bitrate_bps
    misfit_bps = max(policy.following.band * preset_bps - trimmed.rate_bps, trimmed.rate_bps - preset_bps, 0.0)
    misfit_bits = state.misfit_bits + policy.following.misfit_share * misfit_bps * passed_s
    if misfit_bits >= policy.following.freeze_bps * cost_s or trimmed.queue_s > policy.scenes.late_s + cost_s:
        return base, 0.0, f" Picture size changes, {seconds(cost_s)} without picture." if cost_s else ""
    return (
        state.geometry,
        misfit_bits,
        f" Picture size stays that of {state.geometry}: a change costs {seconds(cost_s)}.",
    )
