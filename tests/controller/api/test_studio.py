"""OBS by hand: scenes, stream, sound, pictures, and the bridge's protocol."""

from __future__ import annotations

import base64
from typing import Any

import pytest

from controller.ports import Outcome
from tests.controller.faces import CONTROL, Behind, asking
from tests.fakes.devices import FakeStudio

PNG = b"\x89PNG\r\n\x1a\n rest"


async def post(path: str, studio: FakeStudio | None, **asked: Any) -> tuple[int, Any]:  # noqa: ANN401 - any JSON
    """The status and body of one order."""
    async with asking(Behind(studio=studio), token=CONTROL) as client:
        answer = await client.post(path, **asked)
    return answer.status_code, answer.json()


@pytest.mark.parametrize("path", ["/api/obs/scene", "/api/obs-http/scene"])
async def test_a_scene_is_put_on_program(path: str) -> None:
    """Both addresses of the endpoint show the scene and say so."""
    studio = FakeStudio()
    code, body = await post(path, studio, params={"scene_name": "Intro"})

    assert (code, body["done"], studio.scene) == (200, True, "Intro")


@pytest.mark.parametrize(
    ("studio", "code"),
    [(FakeStudio(outcome=Outcome.REFUSED), 409), (FakeStudio(outcome=Outcome.UNKNOWN), 424), (None, 404)],
)
async def test_a_scene_that_does_not_show_is_no_success(studio: FakeStudio | None, code: int) -> None:
    """Refused, unanswered and not configured are told apart."""
    assert (await post("/api/obs/scene", studio, params={"scene_name": "Intro"}))[0] == code


@pytest.mark.parametrize("output", ["stream", "record"])
@pytest.mark.parametrize(("verb", "active", "sent"), [
    ("start", False, True), ("start", True, False), ("stop", True, True), ("stop", False, False),
])  # fmt: skip
async def test_outputs_are_switched_once(output: str, verb: str, active: bool, sent: bool) -> None:  # noqa: FBT001 - a table's columns
    """What is so already is left alone: a second start would be an error of OBS, a second stop too."""
    name = output.capitalize()
    request = f"{verb.capitalize()}{name}"
    studio = FakeStudio(answers={f"Get{name}Status": {"outputActive": active}, request: {}})
    code, _ = await post(f"/api/obs/{output}/{verb}", studio)

    assert code == 200
    assert ((request, {}) in studio.asked) is sent


@pytest.mark.parametrize(
    "path",
    [
        "/api/obs/stream/start",
        "/api/obs/record/stop",
        "/api/obs/mute",
        "/api/obs/fix",
        "/api/ingest/mute",
        "/api/ingest/fix",
    ],
)
async def test_without_obs_an_order_fails_in_words(path: str) -> None:
    """OBS that does not answer is 424, OBS that refuses 409, no OBS 404."""
    silent = await post(path, FakeStudio(silent=True))
    refused = await post(path, FakeStudio())
    missing = await post(path, None)

    assert (silent[0], refused[0], missing[0]) == (424, 409, 404)
    assert silent[1]["detail"] == "no connection to the test OBS"


@pytest.mark.parametrize(("shown", "code"), [(True, 200), (False, 409)])
async def test_muting_is_believed_by_the_read_back(shown: bool, code: int) -> None:  # noqa: FBT001 - a table's column
    """OBS's own ok is not enough."""
    studio = FakeStudio(answers={"SetInputMute": {}, "GetInputMute": {"inputMuted": shown}})

    assert (await post("/api/ingest/mute", studio))[0] == code
    assert studio.asked[0] == ("SetInputMute", {"inputName": "Ingest", "inputMuted": True})


async def test_fixing_starts_the_source_anew() -> None:
    """The ingest's media source gets the action restart."""
    studio = FakeStudio(answers={"TriggerMediaInputAction": {}})
    await post("/api/obs/fix", studio)

    assert studio.asked == [
        (
            "TriggerMediaInputAction",
            {"inputName": "Ingest", "mediaAction": "OBS_WEBSOCKET_MEDIA_INPUT_ACTION_RESTART"},
        )
    ]


@pytest.mark.parametrize(
    ("image", "code"),
    [(f"data:image/png;base64,{base64.b64encode(PNG).decode()}", 200), ("data:image/png;base64,***", 409), ("", 409)],
)
async def test_a_screenshot_is_a_picture_or_an_error(image: str, code: int) -> None:
    """What is no PNG is not passed on as one."""
    studio = FakeStudio(
        answers={
            "GetCurrentProgramScene": {"currentProgramSceneName": "Main Camera"},
            "GetSourceScreenshot": {"imageData": image},
        }
    )
    async with asking(Behind(studio=studio)) as client:
        answer = await client.get("/api/obs/screenshot?width_px=320")

    assert answer.status_code == code
    assert studio.asked[1][1] == {"sourceName": "Main Camera", "imageFormat": "png", "imageWidth": 320}
    if code == 200:
        assert (answer.content, answer.headers["content-type"]) == (PNG, "image/png")


async def test_a_call_has_the_bridges_shape() -> None:
    """What clients of obs-websocket-http read is where they look for it."""
    studio = FakeStudio(answers={"GetCurrentProgramScene": {"currentProgramSceneName": "Main Camera"}})
    code, body = await post("/call/GetCurrentProgramScene", studio)

    assert code == 200
    assert body == {
        "result": True,
        "comment": None,
        "requestResult": {
            "requestType": "GetCurrentProgramScene",
            "requestStatus": {"result": True, "code": 100, "comment": None},
            "responseData": {"currentProgramSceneName": "Main Camera"},
        },
    }


async def test_an_emitted_request_carries_its_data() -> None:
    """The body is the request's data."""
    studio = FakeStudio(answers={"SetCurrentProgramScene": {}})
    code, body = await post("/emit/SetCurrentProgramScene", studio, json={"sceneName": "Intro"})

    assert (code, body) == (200, {"result": True, "comment": None})
    assert studio.asked == [("SetCurrentProgramScene", {"sceneName": "Intro"})]


async def test_a_call_without_obs_says_so_in_the_bridges_way() -> None:
    """`result` is false, with OBS's problem in the comment."""
    code, body = await post("/call/GetStats", FakeStudio(silent=True))

    assert (code, body["result"], body["comment"]) == (200, False, "no connection to the test OBS")


@pytest.mark.parametrize(
    "request_type",
    ["GetStreamServiceSettings", "SetStreamServiceSettings", "GetInputSettings", "SetInputSettings", "Nonsense",
     "SetRecordDirectory", "CallVendorRequest", "GetProfileParameter", "SaveSourceScreenshot", "RemoveScene"],
)  # fmt: skip
@pytest.mark.parametrize("verb", ["call", "emit"])
async def test_requests_that_reach_keys_or_files_are_not_passed_on(verb: str, request_type: str) -> None:
    """A token for buttons opens neither the stream key nor the disk."""
    studio = FakeStudio(answers={request_type: {"key": "a stream key"}})
    code, body = await post(f"/{verb}/{request_type}", studio)

    assert code == 403
    assert studio.asked == []
    assert "a stream key" not in str(body)


async def test_lists_are_passed_on_without_settings() -> None:
    """A filter's settings may hold an address; its name and state do not."""
    rows = [{"filterName": "blur", "filterEnabled": True, "filterSettings": {"url": "rtmp://x/key"}}, "odd"]
    _, body = await post("/call/GetSourceFilterList", FakeStudio(answers={"GetSourceFilterList": {"filters": rows}}))

    assert "rtmp" not in str(body)
    assert body["requestResult"]["responseData"]["filters"] == [
        {"filterName": "blur", "filterKind": None, "filterEnabled": True, "filterIndex": None}
    ]
