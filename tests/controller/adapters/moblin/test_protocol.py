"""Moblin's messages as values."""

from __future__ import annotations

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from controller.adapters.moblin.protocol import (
    Identify,
    Ping,
    Response,
    State,
    chosen,
    hello,
    identified,
    parsed,
    presets,
    proof,
    request,
)

JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(max_size=5),
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.dictionaries(
            st.sampled_from(["event", "response", "identify", "data", "state", "id", "result", "bitrate"]), inner
        )
    ),
    max_leaves=10,
)
OFFERED = {"a": 5_000_000, "b": 2_500_000, "c": 600_000}


def test_the_proof_is_the_documented_hash() -> None:
    """SHA-256 of password and salt in base64, and of that and the challenge again: a vector made with openssl."""
    assert proof(password="p", challenge="c", salt="s") == "LEfh2WVBWpa8M06P7MehLXlToA1PtH2lNSNPjUZVYls="


def test_messages_to_the_phone() -> None:
    """Each is one object with one key, as the phone's decoder wants it."""
    assert json.loads(hello(challenge="c", salt="s")) == {
        "hello": {"apiVersion": "0.1", "authentication": {"challenge": "c", "salt": "s"}}
    }
    assert json.loads(identified(ok=True)) == {"identified": {"result": {"ok": {}}}}
    assert json.loads(identified(ok=False)) == {"identified": {"result": {"wrongPassword": {}}}}
    assert json.loads(request(7, "setBitratePreset", id="x")) == {
        "request": {"id": 7, "data": {"setBitratePreset": {"id": "x"}}}
    }


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ('{"identify": {"authentication": "x"}}', Identify("x")),
        ('{"ping": {}}', Ping()),
        ('{"response": {"id": 1, "result": {"ok": {}}}}', Response(1, ok=True, data={})),
        ('{"response": {"id": 1, "result": {"unknownRequest": {}}}}', Response(1, ok=False, data={})),
        ('{"event": {"data": {"state": {"data": {"bitrate": "x"}}}}}', State(preset="x")),
        ('{"event": {"data": {"state": {"data": {"streaming": false, "zoom": 1.5}}}}}', State(streaming=False)),
        ('{"event": {"data": {"log": {"entry": "x"}}}}', None),
        ('{"preview": {"preview": "x"}}', None),
        ("<html>", None),
        ("[]", None),
        ("{}", None),
        ('{"ping": 1}', None),
    ],
)
def test_messages_from_the_phone(text: str, message: object) -> None:
    """What concerns us is understood, and the rest is passed over."""
    assert parsed(text) == message


@given(JSON)
def test_no_message_crashes(message: object) -> None:
    """Whatever JSON can hold is a message or none, and as an answer has presets or none."""
    said = parsed(json.dumps(message))
    if isinstance(said, Response):
        assert all(bps > 0 for bps in presets(said).values())


def test_damaged_presets_are_left_out() -> None:
    """A preset without a name or with a rate that is none cannot be chosen."""
    rows = [
        {"id": "a", "bitrate": 1},
        {"id": "b"},
        {"bitrate": 2},
        {"id": "c", "bitrate": True},
        5,
        {"id": "d", "bitrate": 0},
    ]
    answer = Response(1, ok=True, data={"getSettings": {"data": {"bitratePresets": rows}}})

    assert presets(answer) == {"a": 1}


@pytest.mark.parametrize(
    ("wanted_bps", "name"),
    [(9_000_000, "a"), (5_000_000, "a"), (4_999_999, "b"), (600_000, "c"), (100_000, "c")],
)
def test_the_highest_preset_that_is_not_above(wanted_bps: int, name: str) -> None:
    """Never more than asked, unless even the lowest is more."""
    assert chosen(OFFERED, wanted_bps) == name


def test_without_presets_none_is_chosen() -> None:
    """A phone without presets cannot be driven."""
    assert chosen({}, 1_000_000) is None
