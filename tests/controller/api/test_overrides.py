"""`/api/override` as its users meet it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from controller.decision.model import Override, Quality, Scene
from controller.journal import Journal
from controller.overriding.desk import OverrideDesk
from controller.overriding.file import BookFile
from tests.controller.faces import CONTROL, Behind, asking
from tests.fakes.clock import StandingClock

if TYPE_CHECKING:
    from pathlib import Path


async def test_an_override_is_given_seen_and_ended() -> None:
    """POST answers with what stands, GET shows it, DELETE takes it away."""
    behind = Behind()
    async with asking(behind, token=CONTROL) as client:
        given = (await client.post("/api/override", json={"reason": "tunnel", "state": "LOW", "for_s": 60})).json()
        behind.clock.advance(10.0)
        seen = (await client.get("/api/override")).json()["override"]
        ended = (await client.delete("/api/override")).json()

    assert given["override"]["orders"] == ["state LOW"]
    assert (seen["by"], seen["reason"], seen["left_s"], seen["number"]) == ("hand", "tunnel", 50.0, 1)
    assert ended == {"override": None}


async def test_everything_that_can_be_ordered_reaches_the_decision() -> None:
    """Each field of the request is the same field of the core's override."""
    behind = Behind()
    order = {
        "reason": "r",
        "for_s": 30,
        "state": "VERY_LOW",
        "bitrate_cap_bps": 900_000,
        "scene": "audio_only",
        "hold": True,
        "emergency": True,
        "audio_only": True,
    }
    async with asking(behind, token=CONTROL) as client:
        await client.post("/api/override", json=order)

    assert behind.desk is not None
    assert behind.desk.for_decision() == Override(
        until_s=behind.clock.wall_s() + 30.0,
        reason="r",
        state=Quality.VERY_LOW,
        bitrate_cap_bps=900_000,
        scene=Scene.AUDIO_ONLY,
        hold=True,
        emergency=True,
        audio_only=True,
    )


async def test_without_an_end_it_ends_after_ten_minutes() -> None:
    """The default end is 600 s."""
    async with asking(token=CONTROL) as client:
        given = (await client.post("/api/override", json={"reason": "r", "hold": True})).json()

    assert given["override"]["left_s"] == 600.0


@pytest.mark.parametrize(
    "order",
    [
        {},
        {"reason": "r"},
        {"hold": True},
        {"reason": "", "hold": True},
        {"reason": "a\nb", "hold": True},
        {"reason": "x" * 201, "hold": True},
        {"reason": "r", "hold": "yes"},
        {"reason": "r", "hold": True, "for_s": 0},
        {"reason": "r", "hold": True, "for_s": 14_401},
        {"reason": "r", "hold": True, "for_s": None},
        {"reason": "r", "state": "RECOVERY"},
        {"reason": "r", "state": "low"},
        {"reason": "r", "scene": "Main Camera"},
        {"reason": "r", "bitrate_cap_bps": 0},
        {"reason": "r", "bitrate_cap_bps": 1e6},
        {"reason": "r", "hold": True, "colour": "red"},
    ],
)
async def test_a_bad_order_is_refused(order: dict[str, Any]) -> None:
    """What is no order, has no reason or no possible end, changes nothing."""
    behind = Behind()
    async with asking(behind, token=CONTROL) as client:
        answer = await client.post("/api/override", json=order)

    assert answer.status_code == 422
    assert behind.desk is not None
    assert behind.desk.in_force() is None


@pytest.mark.parametrize("body", [b"", b"{", b"[]", b"null", b'{"reason": "r", "hold": true, "for_s": NaN}'])
async def test_garbage_is_refused(body: bytes) -> None:
    """What is no JSON object is the client's error."""
    async with asking(token=CONTROL) as client:
        answer = await client.post("/api/override", content=body, headers={"Content-Type": "application/json"})

    assert answer.status_code == 422


async def test_a_form_of_another_site_is_no_order() -> None:
    """Only application/json is read, which a browser sends to no other site unasked."""
    async with asking(token=CONTROL) as client:
        body = b'{"reason": "r", "hold": true}'
        answer = await client.post("/api/override", content=body, headers={"Content-Type": "text/plain"})

    assert answer.status_code == 422


async def test_a_full_disk_is_told(tmp_path: Path) -> None:
    """What cannot be kept is not given, and the answer says why."""
    clock, journal = StandingClock(), Journal()
    desk = OverrideDesk(clock=clock, journal=journal, file=BookFile(tmp_path / "gone"))
    async with asking(Behind(desk=desk, clock=clock), token=CONTROL) as client:
        answer = await client.post("/api/override", json={"reason": "r", "hold": True})

    assert answer.status_code == 507
    assert "state_dir cannot be written" in answer.json()["detail"]
