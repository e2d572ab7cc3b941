"""Questions and answers, with an encoder of paper."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from deploy.encoder.answering import answer
from deploy.encoder.video import VideoSettings

if TYPE_CHECKING:
    from collections.abc import Callable

TARGET = {"bitrate_bps": 600_000, "width_px": 640, "height_px": 360, "frame_rate_hz": 24}
SMALL = VideoSettings(640, 360, 24, 600_000)


class Paper:
    """An encoder that codes what it is told `after` that many looks."""

    def __init__(self, after: int = 0) -> None:
        self.now, self.wanted, self.after = VideoSettings(), VideoSettings(), after
        self.publishing = True

    def read(self) -> dict[str, Any]:
        """What it is doing."""
        return {"publishing": self.publishing}

    def playing(self) -> VideoSettings:
        """What it codes: the old until it has been looked at often enough."""
        self.after -= 1
        self.now = self.wanted if self.after < 0 else self.now
        return self.now

    def set_video(self, video: VideoSettings) -> None:
        """Want this."""
        self.wanted = video

    def publish(self, *, on: bool) -> None:
        """Publish or not."""
        self.publishing = on


def asked(verb: str, **rest: object) -> bytes:
    """A question."""
    return json.dumps({"version": 1, "verb": verb, **rest}).encode()


def looked(found: dict[str, Any] | Callable[[], dict[str, Any] | None]) -> dict[str, Any] | None:
    """The answer, looking once where it takes a moment."""
    return found if isinstance(found, dict) else found()


def test_an_order_is_answered_when_it_shows() -> None:
    """Before the coded picture has the new size there is no answer, and then it tells what is coded."""
    paper = Paper(after=2)
    found = answer(asked("apply", target=TARGET), paper)

    assert callable(found)
    assert [found(), found()] == [None, None]
    assert found() == {"outcome": "applied", "target": TARGET}
    assert paper.wanted == SMALL


def test_publishing() -> None:
    """The connection goes off and on as asked."""
    paper = Paper()

    assert looked(answer(asked("publish", on=False), paper)) == {"outcome": "applied"}
    assert paper.publishing is False
    assert looked(answer(asked("publish", on=True), paper)) == {"outcome": "applied"}


@pytest.mark.parametrize(
    ("line", "says"),
    [
        (b"", "not one JSON object"),
        (b"[1]", "not one JSON object"),
        (b'{"verb": "read"}', "version 1"),
        (b'{"version": 2, "verb": "read"}', "version 1"),
        (asked("explode"), "the verb is none of"),
        (asked("publish", on="yes"), "the verb is none of"),
        (asked("apply"), "target is no object"),
        (asked("apply", target={**TARGET, "width_px": 641}), "not even"),
        (asked("apply", target={**TARGET, "bitrate_bps": 1}), "outside 32000 to 32000000"),
        (asked("restart"), "systemctl"),
    ],
)
def test_what_is_refused(line: bytes, says: str) -> None:
    """A question that cannot be answered is refused with the reason, and changes nothing."""
    paper = Paper()
    found = looked(answer(line, paper))

    assert found is not None
    assert found["outcome"] == "refused"
    assert says in found["detail"]
    assert paper.wanted == VideoSettings()


@given(
    st.binary(max_size=40)
    | st.recursive(st.none() | st.integers() | st.text(), st.lists).map(json.dumps).map(str.encode)
)
def test_no_line_crashes(line: bytes) -> None:
    """Whatever arrives is answered."""
    found = looked(answer(line, Paper()))

    assert found is not None
    assert "outcome" in found
