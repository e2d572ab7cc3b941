"""What the HTTP face answers from and hands on to: one value, composed where everything is."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from fastapi import Depends, Security
from fastapi.security import HTTPBearer

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from fastapi.params import Depends as Dependency

    from controller.actuation.driving import Reconciler
    from controller.alerting.desk import AlertDesk
    from controller.api.access import Access, Scope
    from controller.api.lookups import Lookups
    from controller.decision.model import EncoderTarget, Observation
    from controller.journal import Journal
    from controller.linking.vps import VpsEnd
    from controller.overriding.desk import OverrideDesk
    from controller.ports import Clock, Studio, StudioStatus
    from controller.status import Status
    from controller.timeline.keeper import Keeper

# For the schema only: who may do what is judged by `Access`.
_BEARER = HTTPBearer(auto_error=False, description="A token of api.tokens in the configuration.")


@dataclass(frozen=True, slots=True)
class Face:
    """Everything behind the routes."""

    status: Callable[[], Status]
    journal: Journal
    clock: Clock
    access: Access
    desk: OverrideDesk
    alerts: AlertDesk
    keeper: Keeper
    caps_bytes: Mapping[str, int]
    lookups: Lookups
    vps: VpsEnd
    observation: Callable[[], Observation | None] = lambda: None
    reconcilers: tuple[Reconciler[EncoderTarget] | Reconciler[str], ...] = ()
    studio: Studio | None = None
    studio_status: Callable[[], StudioStatus | None] = lambda: None
    ingest_source: str | None = None
    library: str | None = None
    libraries: tuple[str, ...] = ()

    def needs(self, scope: Scope) -> list[Dependency]:
        """The dependencies of a route that needs `scope`."""
        return [Security(_BEARER), Depends(self.access.needs(scope))]
