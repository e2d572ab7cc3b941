"""Which of two transports carries the stream, where both are configured: one carries, the other stands by.

A switch needs two things for a while: the carrier delivers nothing, and the other one is known to work or,
where nothing can be known of it, the carrier's own uplinks say that it is not they who are dead. A black-out
of the uplinks hits both and is no reason; what works is kept, and nothing is switched back for its own sake.
"""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING

from controller.decision.clocks import Clocks
from controller.decision.model import Reason, Transport
from controller.decision.sources import sender, sources

if TYPE_CHECKING:
    from collections.abc import Iterable

    from controller.decision.model import Series
    from controller.decision.policy import Ages

LIFE_S = 3.0
"""Standing by, an SRTLA link is heard once a second; three misses are no accident."""

_LAST_PACKET = "uplink_last_packet_age_seconds"
_ACKNOWLEDGED = "connection_acknowledged_bytes_total"
METRICS: tuple[str, ...] = (f"{Transport.SRTLA}_{_LAST_PACKET}",)
"""Names of the metrics that are read here besides those of `observing`."""

_FAILS, _SILENT = "fails", "silent"


@dataclass(frozen=True, slots=True)
class Switching:
    """When a switch is due; all in seconds.

    `fails_s` is longer than any transport needs to recover by itself after a black-out; `silent_s` than the
    black-outs that are borne. A switch that did not help doubles the wait for the next, up to `hold_most_s`.
    """

    fails_s: float = 6.0
    silent_s: float = 20.0
    hold_s: float = 30.0
    hold_most_s: float = 480.0


@dataclass(frozen=True, slots=True)
class Standing:
    """What is known of one transport; None is unknown. `alive`: something comes back over an uplink of it."""

    delivers: bool | None = None
    alive: bool | None = None


@dataclass(frozen=True, slots=True)
class Carrying:
    """The memory: who carries, since when, how long a switch must wait, and how long its reasons have held."""

    carrier: Transport
    since_s: float | None = None
    hold_s: float = 0.0
    clocks: Clocks = field(default_factory=Clocks)


def other(carrier: Transport) -> Transport:
    """The one that stands by."""
    return Transport.SRTLA if carrier is Transport.MPTCP else Transport.MPTCP


def standing(series: Iterable[Series], transport: Transport, *, at_s: float, ages: Ages) -> Standing:
    """What raw windows say of a transport at `at_s`; nothing where its exporter is not fresh."""
    source = sender(sources(series, not_after_s=at_s + ages.future_s), (transport,))
    if source is None or source.age_s(at_s) > ages.fresh_s:
        return Standing()
    gained = source.gained(f"{transport}_{_ACKNOWLEDGED}", span_s=ages.stall_s)
    silent_s = [
        silent
        for uplink in source.values_of("uplink")
        if (silent := source.gauge(f"{transport}_{_LAST_PACKET}", label=("uplink", uplink))) is not None
    ]
    return Standing(
        delivers=gained is not None and gained.amount > 0,
        alive=min(silent_s) < LIFE_S if silent_s else None,
    )


def carry(
    before: Carrying, *, at_s: float, carrier: Standing, standby: Standing, rules: Switching
) -> tuple[Carrying, Reason | None]:
    """Who carries from `at_s` on, and why, where that is another than before."""
    fails = None if carrier.delivers is None else not carrier.delivers
    works = standby.alive if standby.alive is not None else carrier.alive
    clocks = before.clocks.run({_FAILS: fails and works, _SILENT: fails and standby.alive is None}, at_s=at_s)
    now = replace(before, clocks=clocks)
    hold_s = before.hold_s
    if carrier.delivers and before.since_s is not None and at_s - before.since_s > 2 * rules.hold_s:
        now = replace(now, hold_s=rules.hold_s)  # it has helped: the next trouble is another
    if before.since_s is not None and at_s - before.since_s < hold_s:
        return now, None
    known = clocks.matured(_FAILS, rules.fails_s, at_s=at_s)
    if not known and not clocks.matured(_SILENT, rules.silent_s, at_s=at_s):
        return now, None
    return _switched(now, at_s, known=known, standby=standby, rules=rules)


def _switched(
    before: Carrying, at_s: float, *, known: bool, standby: Standing, rules: Switching
) -> tuple[Carrying, Reason]:
    now = Carrying(
        carrier=other(before.carrier),
        since_s=at_s,
        hold_s=min(rules.hold_most_s, max(rules.hold_s, 2 * before.hold_s)),
    )
    wish = _FAILS if known else _SILENT
    failed_s = round(before.clocks.held_s(wish, at_s=at_s) or 0.0)
    why = "whose uplinks answer" if standby.alive else "of which nothing is known"
    text = f"{_name(before.carrier)} has delivered nothing for {failed_s} s: over to {_name(now.carrier)}, {why}."
    evidence = (("from", str(before.carrier)), ("to", str(now.carrier)), ("failed_s", float(failed_s)))
    return now, Reason("carrier-switch", text, evidence)


def _name(transport: Transport) -> str:
    return transport.value.upper()
