"""Which alerts are news, and what those that fire ask for together. Pure.

Alertmanager repeats notifications, sends them from several instances, and in any order. An alert is known by
its fingerprint and by when it began to fire: what says nothing newer than that is passed over.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from enum import StrEnum
from typing import TYPE_CHECKING

from controller.decision.model import Override

if TYPE_CHECKING:
    from collections.abc import Mapping

    from controller.alerting.payload import Alert

# Twice what one notification may hold; beyond it the oldest are forgotten.
REMEMBERED = 2_000


class Response(StrEnum):
    """What a firing alert makes the controller do."""

    EMERGENCY = "emergency"
    HOLD = "hold"
    NOTICE = "notice"


@dataclass(frozen=True, slots=True)
class Known:
    """What was last heard of one alert; `until_s` is the end of what it asks for."""

    name: str
    started_s: float
    firing: bool
    response: Response
    until_s: float


@dataclass(frozen=True, slots=True)
class Heard:
    """The last that was heard, by fingerprint, oldest first."""

    alerts: Mapping[str, Known]

    def asked(self, now_s: float) -> Override | None:
        """The override that the firing alerts ask for at `now_s`; None for none."""
        asking = [
            one
            for one in self.alerts.values()
            if one.firing and one.response is not Response.NOTICE and one.until_s > now_s
        ]
        if not asking:
            return None
        names = ", ".join(sorted({one.name for one in asking}))
        return Override(
            until_s=max(one.until_s for one in asking),
            reason=f"alert {names}"[:200],
            emergency=any(one.response is Response.EMERGENCY for one in asking),
            hold=any(one.response is Response.HOLD for one in asking),
        )


def hear(heard: Heard, alert: Alert, *, response: Response, until_s: float) -> Heard | None:
    """What is known after `alert`; None where it is no news."""
    known, firing = heard.alerts.get(alert.fingerprint), alert.status == "firing"
    if known is not None:
        older = alert.started_s < known.started_s
        # Once resolved, the same firing is over: a late copy of its beginning changes nothing.
        repeated = alert.started_s == known.started_s and (firing == known.firing or firing)
        if older or repeated:
            return None
    others = {key: one for key, one in heard.alerts.items() if key != alert.fingerprint}
    if len(others) >= REMEMBERED:
        del others[next(iter(others))]
    fresh = Known(name=alert.name, started_s=alert.started_s, firing=firing, response=response, until_s=until_s)
    return replace(heard, alerts={**others, alert.fingerprint: fresh})
