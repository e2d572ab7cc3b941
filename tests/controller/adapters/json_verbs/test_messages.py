"""Questions and answers as JSON."""

from __future__ import annotations

import json
from contextlib import suppress
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from controller.adapters.json_verbs.messages import (
    BadAnswerError,
    OrderAnswer,
    ReadAnswer,
    Said,
    apply_request,
    order_answer,
    publish_request,
    read_answer,
    read_request,
    restart_request,
)
from controller.decision.model import EncoderTarget
from controller.ports import Impact

TARGET = EncoderTarget(1_200_000, 854, 480, 24, floor_bps=300_000)
ASKED = {
    "bitrate_bps": 1_200_000,
    "width_px": 854,
    "height_px": 480,
    "frame_rate_hz": 24,
    "audio_only": False,
    "floor_bps": 300_000,
}


@pytest.mark.parametrize(
    ("question", "means"),
    [
        (read_request(), {"verb": "read"}),
        (apply_request(TARGET, Impact.GLITCH), {"verb": "apply", "target": ASKED, "max_impact": "glitch"}),
        (publish_request(on=True), {"verb": "publish", "on": True}),
        (restart_request(), {"verb": "restart"}),
    ],
)
def test_questions(question: bytes, means: dict[str, Any]) -> None:
    """A question is one line of JSON with its version."""
    assert json.loads(question) == {"version": 1} | means
    assert question.endswith(b"\n")
    assert question.count(b"\n") == 1


def test_a_full_answer() -> None:
    """Every field of an answer to `read` is taken."""
    text = json.dumps(
        {"configured": ASKED, "publishing": False, "has_input": True, "uptime_s": 3.5, "problem": "hot", "more": 1}
    ).encode()

    assert read_answer(text) == ReadAnswer(TARGET, publishing=False, has_input=True, uptime_s=3.5, problem="hot")


def test_an_empty_answer_is_unknown() -> None:
    """What is left out is not known."""
    assert read_answer(b"{}") == ReadAnswer()


@pytest.mark.parametrize(
    ("answer", "names"),
    [
        ({"configured": 5}, "configured"),
        ({"configured": ASKED | {"width_px": "854"}}, "configured.width_px"),
        ({"configured": ASKED | {"width_px": True}}, "configured.width_px"),
        ({"configured": ASKED | {"bitrate_bps": -1}}, "configured.bitrate_bps"),
        ({"configured": ASKED | {"bitrate_bps": 10**12}}, "configured.bitrate_bps"),
        ({"configured": ASKED | {"floor_bps": 0.5}}, "configured.floor_bps"),
        ({"publishing": 1}, "publishing"),
        ({"uptime_s": "1"}, "uptime_s"),
        ({"uptime_s": float("nan")}, "uptime_s"),
        ({"problem": 1}, "problem"),
    ],
)
def test_a_wrong_field_is_named(answer: dict[str, Any], names: str) -> None:
    """A field of the wrong type is named, without its value."""
    with pytest.raises(BadAnswerError, match=f"`{names}`"):
        read_answer(json.dumps(answer).encode())


def test_order_answers() -> None:
    """An outcome comes with a detail and, where it differs, what was set."""
    assert order_answer(b'{"outcome": "stored"}') == OrderAnswer(Said.STORED)
    text = json.dumps({"outcome": "applied", "detail": "a\nb", "target": ASKED}).encode()
    assert order_answer(text) == OrderAnswer(Said.APPLIED, "a b", TARGET)


@pytest.mark.parametrize("text", [b"{}", b'{"outcome": "done"}', b'{"outcome": ["applied"]}', b"null", b"\xff"])
def test_no_outcome(text: bytes) -> None:
    """An answer without a known outcome is none."""
    with pytest.raises(BadAnswerError):
        order_answer(text)


@given(
    st.one_of(
        st.binary(), st.dictionaries(st.text(), st.integers() | st.text()).map(lambda value: json.dumps(value).encode())
    )
)
def test_any_output_is_an_answer_or_a_bad_one(text: bytes) -> None:
    """Whatever a program writes, it ends in an answer or in BadAnswerError."""
    with suppress(BadAnswerError):
        read_answer(text)
    with suppress(BadAnswerError):
        order_answer(text)
