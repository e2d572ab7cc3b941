"""What an API answers when its own disk fails: not a defect's 500, but what is wrong, and when to ask again."""

from __future__ import annotations

import sqlite3
from typing import TYPE_CHECKING, Any

from fastapi.responses import JSONResponse

from controller.api.refusals import Refusal
from controller.timeline.keeper import remedy_of

if TYPE_CHECKING:
    from fastapi import FastAPI, Request, Response

UNKEPT: dict[int | str, dict[str, Any]] = {503: {"model": Refusal, "description": "The timeline cannot be used now."}}


def add_failing(app: FastAPI) -> None:
    """Add the answer to `app`."""

    @app.exception_handler(sqlite3.Error)
    async def unkept(_: Request, error: sqlite3.Error) -> Response:
        detail = f"the timeline cannot be used ({error}); {remedy_of(str(error))}"
        return JSONResponse({"detail": detail}, status_code=503, headers={"Retry-After": "5"})
