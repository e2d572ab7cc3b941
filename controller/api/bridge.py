"""The protocol of obs-websocket-http: `POST /emit/{requestType}` and `/call/{requestType}`, for buttons and bots.

Only requests without access to stream keys, files and settings are passed on; the token is the control token.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated, Any

from fastapi import Body, HTTPException, Path
from pydantic import BaseModel

from controller.api.access import Scope
from controller.api.refusals import Refusal
from controller.api.studio import the_studio
from controller.studio_verbs import PERMITTED, passed_on

if TYPE_CHECKING:
    from fastapi import FastAPI

    from controller.api.face import Face
    from controller.ports import StudioAnswer

RequestType = Annotated[str, Path(pattern=r"^[A-Za-z0-9]{1,64}$", examples=["SetCurrentProgramScene"])]
Data = Annotated[
    dict[str, Any] | None,
    Body(examples=[{"sceneName": "Emergency - Simple"}], description="requestData of obs-websocket 5"),
]

_NO_STUDIO: dict[int | str, dict[str, Any]] = {404: {"model": Refusal, "description": "No OBS is configured here."}}


class Emitted(BaseModel):
    """Whether the request went out."""

    result: bool
    comment: str | None = None


class RequestStatus(BaseModel):
    """OBS's verdict."""

    result: bool
    code: int
    comment: str | None = None


class RequestResult(BaseModel):
    """OBS's answer."""

    requestType: str  # noqa: N815 - the protocol's name
    requestStatus: RequestStatus  # noqa: N815 - idem
    responseData: dict[str, Any]  # noqa: N815 - idem


class Called(Emitted):
    """The answer to a call."""

    requestResult: RequestResult | None = None  # noqa: N815 - the protocol's name


def add_bridge(app: FastAPI, face: Face) -> None:
    """Add the routes to `app`."""

    async def ask(request_type: str, data: dict[str, Any] | None) -> StudioAnswer:
        studio = the_studio(face)
        if request_type not in PERMITTED:
            raise HTTPException(403, f"{request_type} is not passed on: it may reach keys, files or settings")
        return await studio.ask(request_type, data)

    @app.post("/emit/{request_type}", dependencies=face.needs(Scope.CONTROL), responses=_NO_STUDIO)
    async def emit(request_type: RequestType, data: Data = None) -> Emitted:
        """Send a request to OBS without its answer."""
        answer = await ask(request_type, data)
        return Emitted(result=answer.reachable, comment=answer.problem)

    @app.post("/call/{request_type}", dependencies=face.needs(Scope.CONTROL), responses=_NO_STUDIO)
    async def call(request_type: RequestType, data: Data = None) -> Called:
        """Send a request to OBS and give its answer."""
        answer = await ask(request_type, data)
        if not answer.reachable:
            return Called(result=False, comment=answer.problem)
        status = RequestStatus(result=answer.ok, code=answer.code, comment=answer.comment or None)
        found = RequestResult(
            requestType=request_type, requestStatus=status, responseData=passed_on(request_type, answer)
        )
        return Called(result=True, requestResult=found)
