"""`/api/link`: where the rig's controller reports and waits for orders. Nobody else's business."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated

from fastapi import Query

from controller.api.access import Scope
from controller.api.failing import UNKEPT
from controller.linking.messages import OverrideMessage, ReceivedMessage, ReportMessage
from controller.linking.vps import LONGEST_WAIT_S

if TYPE_CHECKING:
    from fastapi import FastAPI

    from controller.api.face import Face


def add_link(app: FastAPI, face: Face) -> None:
    """Add the routes to `app`."""

    @app.post("/api/link/report", dependencies=face.needs(Scope.LINK), responses=UNKEPT)
    async def report(report: ReportMessage) -> ReceivedMessage:
        """The rig's next events and its status; what was received before is kept once."""
        return ReceivedMessage(received=await face.vps.take(report))

    @app.get("/api/link/override", dependencies=face.needs(Scope.LINK))
    async def ordered(
        book: Annotated[str, Query(max_length=64, examples=["6a1c4c1e-4f43-4a0e-9c4f-2f0f3e0b7d11"])] = "",
        number: Annotated[int, Query(ge=0, le=2**53, examples=[7])] = 0,
        wait_s: Annotated[float, Query(ge=0, le=LONGEST_WAIT_S, examples=[5.0])] = 0.0,
    ) -> OverrideMessage:
        """The override in force, at once where it is news, else after a change or `wait_s`."""
        return await face.vps.ordered(book=book, number=number, wait_s=wait_s)
