"""`/api/obs` and `/api/obs-http`: OBS by hand. A scene set here is respected as one set in OBS itself."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated, Any

from fastapi import HTTPException, Query
from fastapi.responses import Response

from controller import studio_verbs
from controller.api.access import Scope
from controller.api.refusals import Refusal
from controller.api.views import View
from controller.ports import Outcome

if TYPE_CHECKING:
    from fastapi import FastAPI

    from controller.api.face import Face
    from controller.ports import Studio, StudioStatus

Name = Annotated[str, Query(min_length=1, max_length=256, examples=["Audio Only"])]
InputName = Annotated[str | None, Query(min_length=1, max_length=256, examples=["Ingest"])]
Muted = Annotated[bool, Query(examples=[True])]
_FAILURES: dict[int | str, dict[str, Any]] = {
    404: {"model": Refusal, "description": "No OBS is configured here."},
    409: {"model": Refusal, "description": "OBS refused."},
    424: {"model": Refusal, "description": "OBS does not answer."},
}


class ObsView(View):
    """OBS at its last read; null is unknown."""

    configured: bool
    library: str | None
    reachable: bool | None
    problem: str | None
    scene_name: str | None
    scene_names: list[str]
    streaming: bool | None
    reconnecting: bool | None
    output_bytes: int | None
    output_skipped_frames: int | None
    output_total_frames: int | None
    congestion_ratio: float | None
    encoder_skipped_frames: int | None
    encoder_total_frames: int | None
    render_skipped_frames: int | None
    render_total_frames: int | None
    active_fps: float | None
    ingest_muted: bool | None
    sound_raw_peak: float | None
    media_state: str | None
    media_cursor_s: float | None
    operator_scene: str | None


class DoneView(View):
    """What became of an order."""

    done: bool
    detail: str


class SceneView(View):
    """The scene on program; null is unknown."""

    scene_name: str | None


class LibraryView(View):
    """Which library speaks with OBS, and which there are."""

    library: str | None
    available: list[str]


class BridgeView(View):
    """The HTTP bridge: this controller answers /emit and /call itself."""

    served: bool
    obs_reachable: bool | None
    problem: str | None


def obs_view(status: StudioStatus | None, *, library: str | None) -> ObsView:
    """`status` as answered."""
    known = status if status is not None and status.reachable else None
    asked = {
        "configured": library is not None,
        "library": library,
        "reachable": None if status is None else status.reachable,
        "problem": None if status is None else status.problem,
        "scene_names": list(known.scene_names) if known else [],
    }
    read = {name: getattr(known, name, None) for name in ObsView.model_fields.keys() - asked.keys()}
    return ObsView.model_validate({**read, **asked})


def done_view(found: studio_verbs.Done) -> DoneView:
    """`found` as answered; raises HTTPException where it failed."""
    if not found.reachable:
        raise HTTPException(424, found.text)
    if not found.ok:
        raise HTTPException(409, found.text)
    return DoneView(done=True, detail=found.text)


def the_studio(face: Face) -> Studio:
    """The OBS that is driven; raises HTTPException where there is none."""
    if face.studio is None:
        raise HTTPException(404, "no OBS is configured here: add the section obs")
    return face.studio


def _input_name(face: Face, given: str | None) -> str:
    name = given or face.ingest_source
    if name is None:
        raise HTTPException(409, "which input? Give input_name, or configure obs.ingest_source")
    return name


async def _show(face: Face, scene_name: str) -> DoneView:
    result = await the_studio(face).show(scene_name)
    if result.outcome is Outcome.APPLIED:
        return DoneView(done=True, detail=result.detail)
    raise HTTPException(409 if result.outcome is Outcome.REFUSED else 424, result.detail)


def add_studio(app: FastAPI, face: Face) -> None:
    """Add the routes to `app`."""
    _looking(app, face)
    _outputs(app, face)
    _sound(app, face)
    _bridge(app, face)


def _looking(app: FastAPI, face: Face) -> None:
    @app.get("/api/obs/status", dependencies=face.needs(Scope.READ))
    async def status() -> ObsView:
        """OBS at its last read."""
        return obs_view(face.studio_status(), library=face.library)

    @app.get("/api/obs/library-info", dependencies=face.needs(Scope.READ))
    async def library() -> LibraryView:
        """Which library speaks with OBS."""
        return LibraryView(library=face.library, available=list(face.libraries))

    @app.get(
        "/api/obs/screenshot",
        dependencies=face.needs(Scope.READ),
        response_class=Response,
        responses={200: {"content": {"image/png": {}}}, **_FAILURES},
    )
    async def screenshot(
        source: InputName = None,
        width_px: Annotated[int, Query(ge=8, le=1920, examples=[640])] = 480,
    ) -> Response:
        """A PNG of a source, or of what is on program."""
        found = await studio_verbs.screenshot(the_studio(face), source, width_px=width_px)
        if isinstance(found, studio_verbs.Done):
            done_view(found)
            raise HTTPException(409, found.text)
        return Response(found, media_type="image/png", headers={"Cache-Control": "no-store"})

    @app.post("/api/obs/scene", dependencies=face.needs(Scope.CONTROL), responses=_FAILURES)
    async def scene(scene_name: Name) -> DoneView:
        """Put a scene on program; it is respected for `obs.respect_manual_s`, an override is the surer way."""
        return await _show(face, scene_name)


def _outputs(app: FastAPI, face: Face) -> None:
    async def switch(output: str, *, on: bool) -> DoneView:
        return done_view(await studio_verbs.switch(the_studio(face), output, on=on))

    @app.post("/api/obs/stream/start", dependencies=face.needs(Scope.CONTROL), responses=_FAILURES)
    async def start_stream() -> DoneView:
        """Start the stream to the platform; one that runs is left alone."""
        return await switch("Stream", on=True)

    @app.post("/api/obs/stream/stop", dependencies=face.needs(Scope.CONTROL), responses=_FAILURES)
    async def stop_stream() -> DoneView:
        """End the stream to the platform."""
        return await switch("Stream", on=False)

    @app.post("/api/obs/record/start", dependencies=face.needs(Scope.CONTROL), responses=_FAILURES)
    async def start_record() -> DoneView:
        """Start the recording."""
        return await switch("Record", on=True)

    @app.post("/api/obs/record/stop", dependencies=face.needs(Scope.CONTROL), responses=_FAILURES)
    async def stop_record() -> DoneView:
        """End the recording."""
        return await switch("Record", on=False)


def _sound(app: FastAPI, face: Face) -> None:
    async def mute(*, muted: bool, input_name: str | None) -> DoneView:
        return done_view(await studio_verbs.mute(the_studio(face), _input_name(face, input_name), muted=muted))

    @app.post("/api/obs/mute", dependencies=face.needs(Scope.CONTROL), responses=_FAILURES)
    async def mute_input(*, muted: Muted = True, input_name: InputName = None) -> DoneView:
        """Mute or unmute an input, without a name the ingest's."""
        return await mute(muted=muted, input_name=input_name)

    @app.post("/api/ingest/mute", dependencies=face.needs(Scope.CONTROL), responses=_FAILURES)
    async def mute_ingest(*, muted: Muted = True) -> DoneView:
        """Mute or unmute the ingest's source."""
        return await mute(muted=muted, input_name=None)

    async def fix(input_name: str | None) -> DoneView:
        return done_view(await studio_verbs.fix(the_studio(face), _input_name(face, input_name)))

    @app.post("/api/obs/fix", dependencies=face.needs(Scope.CONTROL), responses=_FAILURES)
    async def fix_input(input_name: InputName = None) -> DoneView:
        """Start a media source anew, without a name the ingest's: the cure of a frozen picture."""
        return await fix(input_name)

    @app.post("/api/ingest/fix", dependencies=face.needs(Scope.CONTROL), responses=_FAILURES)
    async def fix_ingest() -> DoneView:
        """Start the ingest's source anew."""
        return await fix(None)


def _bridge(app: FastAPI, face: Face) -> None:
    def bridge() -> BridgeView:
        status = face.studio_status()
        return BridgeView(
            served=face.studio is not None,
            obs_reachable=None if status is None else status.reachable,
            problem=None if status is None else status.problem,
        )

    @app.get("/api/obs-http/status", dependencies=face.needs(Scope.READ))
    async def status() -> BridgeView:
        """Whether the bridge is served and OBS is behind it."""
        return bridge()

    @app.get("/api/obs-http/health", dependencies=face.needs(Scope.READ))
    async def healthy() -> BridgeView:
        """As `status`."""
        return bridge()

    @app.get("/api/obs-http/scene", dependencies=face.needs(Scope.READ))
    async def present() -> SceneView:
        """The scene on program."""
        return SceneView(scene_name=obs_view(face.studio_status(), library=face.library).scene_name)

    @app.post("/api/obs-http/scene", dependencies=face.needs(Scope.CONTROL), responses=_FAILURES)
    async def show(scene_name: Name) -> DoneView:
        """As /api/obs/scene."""
        return await _show(face, scene_name)
