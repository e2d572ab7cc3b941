"""`/api/override`: give, see and end a manual order. Always with an end and a reason."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated, Any, Literal

from fastapi import HTTPException
from pydantic import BaseModel, ConfigDict, Field, model_validator

from controller.api.access import Scope
from controller.api.refusals import Refusal
from controller.api.views import View
from controller.decision.model import Override, Quality
from controller.decision.model import Scene as SceneName
from controller.overriding.desk import NotKeptError
from controller.overriding.standing import DEFAULT_FOR_S, MAX_FOR_S, MAX_REASON, By, Standing, ordered

if TYPE_CHECKING:
    from fastapi import FastAPI

    from controller.api.face import Face

State = Literal["HIGH", "MEDIUM", "LOW", "VERY_LOW", "ERROR"]
SceneChoice = Literal["main", "simple", "audio_only", "offline"]
Line = Annotated[str, Field(min_length=1, max_length=MAX_REASON, pattern=r"^[^\x00-\x1f\x7f]*$")]
_NOT_KEPT: dict[int | str, dict[str, Any]] = {507: {"model": Refusal, "description": "It cannot be kept on disk."}}
_EXAMPLES: list[Any] = [
    {"reason": "tunnel ahead", "for_s": 120, "state": "LOW"},
    {"reason": "interview: no changes", "for_s": 900, "hold": True},
    {"reason": "data is running out", "for_s": 3600, "bitrate_cap_bps": 1500000},
    {"reason": "private place", "for_s": 300, "scene": "audio_only"},
]


class OverrideOrder(BaseModel):
    """A manual order. It wins until its end; what it leaves out it does not order."""

    model_config = ConfigDict(
        extra="forbid", strict=True, allow_inf_nan=False, json_schema_extra={"examples": _EXAMPLES}
    )

    reason: Line = Field(description="why, for whoever reads the history")
    for_s: float = Field(default=DEFAULT_FOR_S, ge=1, le=MAX_FOR_S, description="seconds until it ends by itself")
    state: State | None = Field(default=None, description="the quality state to be in")
    bitrate_cap_bps: int | None = Field(default=None, ge=32_000, le=100_000_000, description="never more, in bit/s")
    scene: SceneChoice | None = Field(default=None, description="the scene to show")
    hold: bool = Field(default=False, description="stay as it is now")
    emergency: bool = Field(default=False, description="the simple scene, at once")
    audio_only: bool = Field(default=False, description="sound only")

    @model_validator(mode="after")
    def _orders_something(self) -> OverrideOrder:
        if not ordered(self.override(now_s=0.0)):
            raise ValueError("it orders nothing: give state, bitrate_cap_bps, scene, hold, emergency or audio_only")
        return self

    def override(self, *, now_s: float) -> Override:
        """The order as the decision core takes it, given at `now_s` (seconds since the epoch)."""
        return Override(
            until_s=now_s + self.for_s,
            reason=self.reason,
            state=None if self.state is None else Quality(self.state),
            bitrate_cap_bps=self.bitrate_cap_bps,
            scene=None if self.scene is None else SceneName(self.scene),
            hold=self.hold,
            emergency=self.emergency,
            audio_only=self.audio_only,
        )


class OverrideView(View):
    """An override that stands; times are seconds since the epoch."""

    number: int
    by: str
    given_s: float
    until_s: float
    left_s: float
    reason: str
    orders: list[str]
    state: str | None
    bitrate_cap_bps: int | None
    scene: str | None
    hold: bool
    emergency: bool
    audio_only: bool


class OverrideAnswer(View):
    """The override in force; null when there is none."""

    override: OverrideView | None


def override_view(standing: Standing | None, *, now_s: float) -> OverrideView | None:
    """`standing` as answered."""
    if standing is None:
        return None
    override = standing.override
    return OverrideView(
        number=standing.number,
        by=standing.by,
        given_s=standing.given_s,
        until_s=override.until_s,
        left_s=max(0.0, override.until_s - now_s),
        reason=override.reason,
        orders=list(ordered(override)),
        state=override.state,
        bitrate_cap_bps=override.bitrate_cap_bps,
        scene=override.scene,
        hold=override.hold,
        emergency=override.emergency,
        audio_only=override.audio_only,
    )


def add_overrides(app: FastAPI, face: Face) -> None:
    """Add the routes to `app`."""

    def answer() -> OverrideAnswer:
        return OverrideAnswer(override=override_view(face.desk.in_force(), now_s=face.clock.wall_s()))

    @app.get("/api/override", dependencies=face.needs(Scope.READ))
    async def present() -> OverrideAnswer:
        """The override in force."""
        return answer()

    @app.post("/api/override", dependencies=face.needs(Scope.CONTROL), responses=_NOT_KEPT)
    async def give(order: OverrideOrder) -> OverrideAnswer:
        """Give an override, in place of the one by hand that stands. It is on disk when this answers."""
        try:
            await face.desk.give(order.override(now_s=face.clock.wall_s()), by=By.HAND)
        except NotKeptError as error:
            raise HTTPException(507, str(error)) from None
        return answer()

    @app.delete("/api/override", dependencies=face.needs(Scope.CONTROL), responses=_NOT_KEPT)
    async def end() -> OverrideAnswer:
        """End every override, those of alerts too; ending none is no error."""
        try:
            for by in By:
                await face.desk.end(by=by)
        except NotKeptError as error:
            raise HTTPException(507, str(error)) from None
        return answer()
