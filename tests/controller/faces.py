"""What stands behind an API in tests: a status as given, and the rest empty."""

from __future__ import annotations

from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

import httpx
from pydantic import SecretStr

from controller.alerting.desk import AlertDesk
from controller.alerting.judging import Response
from controller.api.access import Access
from controller.api.app import build_app
from controller.api.face import Face
from controller.api.lookups import Lookups
from controller.journal import Journal
from controller.linking.vps import VpsEnd
from controller.overriding.desk import OverrideDesk
from controller.timeline.keeper import Keeper
from controller.timeline.store import Store
from tests.controller.statuses import KNOWN
from tests.fakes.clock import StandingClock
from tests.fakes.devices import FakeSource, FakeStudio

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

    from controller.actuation.driving import Reconciler
    from controller.decision.model import Observation
    from controller.ports import StudioStatus
    from controller.status import Status

READ, CONTROL, ALERT, LINK = ("read" * 8, "control" * 4, "alert" * 5, "link" * 8)
TOKENS = {"read": READ, "control": CONTROL, "alert": ALERT, "link": LINK}


@dataclass
class Behind:
    """The parts of a face, to be changed by the test before it asks."""

    status: Status = KNOWN
    journal: Journal = field(default_factory=Journal)
    clock: StandingClock = field(default_factory=StandingClock)
    tokens: dict[str, str] = field(default_factory=lambda: dict(TOKENS))
    open_reads: bool = True
    desk: OverrideDesk | None = None
    alerts: AlertDesk | None = None
    store: Store = field(default_factory=lambda: Store(None))
    keeper: Keeper | None = None
    caps_bytes: dict[str, int] = field(default_factory=dict)
    source: FakeSource = field(default_factory=FakeSource)
    studio: FakeStudio | None = field(default_factory=FakeStudio)
    observation: Observation | None = None
    studio_status: StudioStatus | None = None
    reconcilers: tuple[Reconciler[str], ...] = ()
    ingest_source: str | None = "Ingest"

    def face(self) -> Face:
        """The face over these parts."""
        self.desk = self.desk or OverrideDesk(clock=self.clock, journal=self.journal)
        self.alerts = self.alerts or AlertDesk(
            rig="r1",
            responses={"IngestGone": Response.EMERGENCY, "Stale": Response.HOLD, "Flap": Response.NOTICE},
            for_s=600.0,
            desk=self.desk,
            clock=self.clock,
            journal=self.journal,
        )
        self.keeper = self.keeper or Keeper(store=self.store, clock=self.clock)
        tokens = {scope: SecretStr(token) for scope, token in self.tokens.items()}
        return Face(
            status=lambda: self.status,
            journal=self.journal,
            clock=self.clock,
            access=Access(tokens, open_reads=self.open_reads, clock=self.clock.monotonic_s),
            desk=self.desk,
            alerts=self.alerts,
            keeper=self.keeper,
            caps_bytes=self.caps_bytes,
            lookups=Lookups(reader=self.source, match={"rig": "r1"}, clock=self.clock),
            observation=lambda: self.observation,
            reconcilers=self.reconcilers,
            vps=VpsEnd(keeper=self.keeper, desk=self.desk, clock=self.clock, expected="link" in self.tokens),
            studio=self.studio,
            studio_status=lambda: self.studio_status,
            ingest_source=self.ingest_source,
            library=None if self.studio is None else "obsws-python",
            libraries=("obsws-python", "simpleobsws"),
        )


@asynccontextmanager
async def asking(
    behind: Behind | None = None, *, token: str = "", host: str = "127.0.0.1"
) -> AsyncIterator[httpx.AsyncClient]:
    """A client of the API over `behind`, from `host`, that presents `token`."""
    app = build_app((behind or Behind()).face())
    transport = httpx.ASGITransport(app=app, client=(host, 40_000))
    headers = {"Authorization": f"Bearer {token}"} if token else {}
    async with httpx.AsyncClient(transport=transport, base_url="http://test", headers=headers) as client:
        yield client
