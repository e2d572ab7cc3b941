"""What happened between two looks at the uplinks. Pure."""

from __future__ import annotations

from typing import TYPE_CHECKING

from controller.timeline.records import Happening, Kind

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from controller.decision.model import Observation

Verdicts = dict[str, bool]


def uplinks_of(seen: Observation) -> Verdicts:
    """Which uplinks are known to be dead or alive."""
    return {uplink.name: uplink.dead for uplink in seen.uplinks if uplink.dead is not None}


def uplink_events(before: Mapping[str, bool], seen: Observation) -> Iterator[Happening]:
    """Deaths and returns of uplinks since the verdicts `before`; a first verdict is an event only when it is dead."""
    for name, dead in uplinks_of(seen).items():
        if dead != before.get(name, False):
            text = "it acknowledges nothing any more" if dead else "it acknowledges again"
            yield Happening(seen.at_s, Kind.UPLINK, name, text, {"dead": dead})
