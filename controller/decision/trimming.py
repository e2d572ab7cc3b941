"""The bitrate law of the adaptive policy: what the encoder shall send, from the queue and the rate carried.

A standing queue shows the capacity. The law then aims below it by what drains the queue, down to the little
that keeps the capacity visible, within `drain_s`; where a queue only begins to grow, it goes a part of the way at
once. Without a queue the capacity is unknown, at least the present rate: after a short dip the old rate comes back
at once, but not before the uplink that died in it; otherwise a little less than the queue showed, from where the
rate climbs, slowly near a ceiling that has lately refused more.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from controller.decision.model import Reason
from controller.decision.wording import mbit, seconds

if TYPE_CHECKING:
    from controller.decision.links import Links
    from controller.decision.memory import TrimMemory
    from controller.decision.policy import Trim

CUT = "trim-cut"
"""The rule of every lowering."""

# A tick that took longer than this was late; what the links did meanwhile is not known.
_LONGEST_TICK_S = 2.0


@dataclass(frozen=True, slots=True)
class Moment:
    """What the law is told besides the links: now, the range it may use, and how late its order takes effect.

    `lossless` is False where the queue may be gone because it was thrown away, and not because it was carried.
    `bereft`: an uplink is dead now, and the living ones are asked for no more than they have shown.
    `least_bps` is the lower bound of what the links could carry; 0 when unknown.
    """

    at_s: float
    bottom_bps: float
    cap_bps: float
    latency_s: float
    patience: float = 1.0
    lossless: bool = True
    bereft: bool = False
    least_bps: float = 0.0


def trim_rate(memory: TrimMemory, links: Links, moment: Moment, trim: Trim) -> tuple[TrimMemory, Reason]:
    """The law's memory after one look, its wanted rate in it, and why."""
    passed_s = 0.0 if memory.at_s is None else min(_LONGEST_TICK_S, max(0.0, moment.at_s - memory.at_s))
    before, memory = memory, replace(memory, at_s=moment.at_s, queue_s=links.queue_s)
    if links.disordered and links.queue_s > trim.empty_s:
        text = "A path died and its data comes over another, which is not seen to be full: the bitrate is kept."
        return memory, Reason("trim-disordered", text)
    if links.queue_s > trim.empty_s:
        return _with_queue(before, links, moment, trim, passed_s=passed_s)
    return _without_queue(memory, moment, trim, passed_s=passed_s)


def _with_queue(
    before: TrimMemory, links: Links, moment: Moment, trim: Trim, *, passed_s: float
) -> tuple[TrimMemory, Reason]:
    carried = links.carried_bps
    smooth = (
        carried if before.carried_bps is None else before.carried_bps + trim.smoothing * (carried - before.carried_bps)
    )
    memory = replace(
        before, at_s=moment.at_s, queue_s=links.queue_s, carried_bps=smooth, shown_bps=carried, empty_since_s=None
    )
    sought = _draining(carried, links, memory, moment, trim)
    evidence = (
        ("queue_s", round(links.queue_s, 3)),
        ("carried_bps", round(carried)),
        ("was_bps", round(memory.rate_bps)),
    )
    long = links.queue_s > trim.cut_s
    if (long or _begins(before, links, trim)) and sought < memory.rate_bps * (1 - trim.deadband):
        cut = _cut(memory, sought, carried, moment, trim)
        cut = cut if long else _eased(memory, cut, trim)
        text = (
            f"A queue of {seconds(links.queue_s)} and links that carry {mbit(carried)}: down to {mbit(cut.rate_bps)}."
        )
        return cut, Reason(CUT, text, evidence)
    sought = _draining(min(carried, smooth), links, memory, moment, trim)
    if links.queue_s < trim.deep_queue_s and sought > memory.rate_bps * (1 + trim.deadband):
        raised = min(sought, memory.rate_bps + trim.follow_bps_per_s * passed_s, moment.cap_bps)
        text = f"The links carry {mbit(carried)} with a queue of {seconds(links.queue_s)}: up to {mbit(raised)}."
        return replace(memory, rate_bps=max(raised, memory.rate_bps)), Reason("trim-follow", text, evidence)
    text = f"A queue of {seconds(links.queue_s)} stands and is being drained at {mbit(memory.rate_bps)}."
    return memory, Reason("trim-draining", text, evidence)


def _begins(before: TrimMemory, links: Links, trim: Trim) -> bool:
    """Whether a queue is about to become long: it grows from look to look, and far less is carried than is sent."""
    rises = before.at_s is not None and links.queue_s > before.queue_s >= trim.rising_s
    return rises and links.carried_bps < trim.short_of * before.rate_bps


def _draining(carried_bps: float, links: Links, memory: TrimMemory, moment: Moment, trim: Trim) -> float:
    """The rate that brings the queue to its target within `drain_s`, after what still joins it meanwhile."""
    carried_bps = max(carried_bps, 1.0)
    joining = (memory.rate_bps - carried_bps) * moment.latency_s
    surplus = max(0.0, links.queued_bits + joining - carried_bps * trim.target_s)
    return trim.usable * carried_bps - surplus / trim.drain_s


def _cut(memory: TrimMemory, sought: float, carried: float, moment: Moment, trim: Trim) -> TrimMemory:
    first = memory.dip_since_s is None
    return replace(
        memory,
        rate_bps=max(moment.bottom_bps, sought, trim.deepest * memory.rate_bps),
        dip_since_s=moment.at_s if first else memory.dip_since_s,
        before_dip_bps=memory.rate_bps if first else memory.before_dip_bps,
        ceiling_bps=carried,
        ceiling_at_s=moment.at_s,
    )


def _eased(memory: TrimMemory, cut: TrimMemory, trim: Trim) -> TrimMemory:
    """A cut for a queue that only begins: a part of it, and no ceiling yet."""
    return replace(
        cut,
        rate_bps=memory.rate_bps + trim.first_share * (cut.rate_bps - memory.rate_bps),
        ceiling_bps=memory.ceiling_bps,
        ceiling_at_s=memory.ceiling_at_s,
    )


def _without_queue(memory: TrimMemory, moment: Moment, trim: Trim, *, passed_s: float) -> tuple[TrimMemory, Reason]:
    empty_since_s = moment.at_s if memory.empty_since_s is None else memory.empty_since_s
    gone, memory = memory.carried_bps is not None, replace(memory, carried_bps=None, empty_since_s=empty_since_s)
    if memory.dip_since_s is not None:
        dip_s = moment.at_s - memory.dip_since_s
        short = moment.lossless and dip_s < trim.short_dip_s
        if not (short and moment.bereft):
            memory = replace(memory, dip_since_s=None)
            if short and not _refused(memory, moment, trim) and (restored := _restored(memory, moment, trim, dip_s)):
                return restored
        if gone and moment.lossless and (returned := _returned(memory, moment, trim)):
            return returned
    return _climb(memory, moment, trim, empty_s=moment.at_s - empty_since_s, passed_s=passed_s)


def _restored(memory: TrimMemory, moment: Moment, trim: Trim, dip_s: float) -> tuple[TrimMemory, Reason] | None:
    """The rate before a dip that is over; None where it would be no more than the present one."""
    back_bps = min(trim.restore * memory.before_dip_bps, moment.cap_bps)
    if back_bps <= memory.rate_bps:
        return None
    again = memory.restored_at_s is not None and moment.at_s - memory.restored_at_s < trim.again_s
    memory = replace(memory, restored_at_s=moment.at_s, restores=memory.restores + 1 if again else 1)
    text = f"The dip lasted {seconds(dip_s)} and its queue is gone: back to {mbit(back_bps)}."
    evidence = (("dip_s", round(dip_s, 1)), ("before_bps", round(memory.before_dip_bps)))
    return replace(memory, rate_bps=back_bps), Reason("trim-restore", text, evidence)


def _returned(memory: TrimMemory, moment: Moment, trim: Trim) -> tuple[TrimMemory, Reason] | None:
    """A little less than was carried while the queue of a dip stood, for draining it has gone below that."""
    back_bps = min(trim.returns * memory.shown_bps, moment.cap_bps)
    if back_bps <= memory.rate_bps:
        return None
    text = f"The queue is gone, through which {mbit(memory.shown_bps)} were carried: back to {mbit(back_bps)}."
    return replace(memory, rate_bps=back_bps), Reason("trim-return", text, (("carried_bps", round(memory.shown_bps)),))


def _refused(memory: TrimMemory, moment: Moment, trim: Trim) -> bool:
    """Whether restores in a row have met the same end: then it is no dip, and one more would saw at the ceiling."""
    if memory.restored_at_s is None or memory.restores < trim.restores:
        return False
    return moment.at_s - memory.restored_at_s < trim.ceiling_for_s


def _climb(
    memory: TrimMemory, moment: Moment, trim: Trim, *, empty_s: float, passed_s: float
) -> tuple[TrimMemory, Reason]:
    rate = memory.rate_bps
    if rate >= moment.cap_bps:
        return replace(memory, rate_bps=moment.cap_bps), Reason(
            "trim-cap", f"Without a queue at its cap, {mbit(rate)}."
        )
    sooner_s = trim.sooner_s if rate < trim.shown * moment.least_bps else 0.0
    if empty_s < trim.clean_s * moment.patience - sooner_s:
        return memory, Reason("trim-waiting", f"The queue is gone since {seconds(empty_s)}: {mbit(rate)} is kept.")
    near = (
        memory.ceiling_bps is not None
        and rate > trim.near * memory.ceiling_bps
        and moment.at_s - memory.ceiling_at_s < trim.ceiling_for_s
    )
    unseen_s = trim.shows_s + passed_s + moment.latency_s
    raised = min(moment.cap_bps, rate + (trim.creep_bps if near else trim.climb_bps) * passed_s / unseen_s)
    ceiling = f", slowly: the links refused more than {mbit(memory.ceiling_bps)} lately" if near else ""
    text = f"No queue at {mbit(rate)}: up to {mbit(raised)}{ceiling}."
    return replace(memory, rate_bps=raised), Reason("trim-climb", text, (("empty_s", round(empty_s, 1)),))
