"""Answers of obs-websocket as values."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from controller.adapters.obs.protocol import (
    USED_REQUESTS,
    Answer,
    OutOfStepError,
    answer_of,
    missing_requests,
    program_scene,
    status_of,
)
from controller.ports import MediaState, StudioStatus

json_values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(), inner, max_size=3),
)


def answer(**data: Any) -> Answer:  # noqa: ANN401 (any JSON)
    """A successful answer with `data`."""
    return Answer(ok=True, code=100, comment="", data=data)


def status(**answers: Answer) -> StudioStatus:
    """A status from `answers`, the others empty."""
    parts: dict[str, Any] = {
        "scenes": answer(currentProgramSceneName="A"),
        "stream": answer(),
        "stats": answer(),
        "mute": None,
        "media": None,
    }
    return status_of(**(parts | answers))


def test_an_answer_is_read() -> None:
    """Result, code, comment and data come out as they are."""
    raw = {
        "requestType": "GetStats",
        "requestStatus": {"result": False, "code": 207, "comment": "not yet"},
        "responseData": {"activeFps": 10},
    }

    assert answer_of("GetStats", raw) == Answer(ok=False, code=207, comment="not yet", data={"activeFps": 10})


@pytest.mark.parametrize(
    "raw",
    [
        None,
        [],
        {},
        {"requestType": "GetVersion", "requestStatus": {"result": True, "code": 100}},
        {"requestType": "GetStats"},
        {"requestType": "GetStats", "requestStatus": {"code": 100}},
    ],
)
def test_what_is_no_answer_to_the_request(raw: object) -> None:
    """An answer to another request, or something that is none, is out of step."""
    with pytest.raises(OutOfStepError):
        answer_of("GetStats", raw)


def test_an_empty_status_is_unknown_in_everything() -> None:
    """Fields that are missing are None: not zero, not False."""
    assert status() == StudioStatus(reachable=True, scene_name="A")


@pytest.mark.parametrize("name", ["scenes", "stream", "stats", "mute", "media"])
def test_an_obs_that_is_not_ready_is_unknown_in_everything(name: str) -> None:
    """One answer that says NotReady makes the whole read one of an OBS that will not stay as it is."""
    not_ready = status(**{name: Answer(ok=False, code=207, comment="", data={})})

    assert (not_ready.reachable, not_ready.scene_name, not_ready.problem is None) == (True, None, False)


def test_an_obs_without_a_program_scene_is_not_ready() -> None:
    """Between two scene collections OBS shows no scene at all, and says so without NotReady."""
    assert "changing its scene collection" in (status(scenes=answer(scenes=[])).problem or "")


@pytest.mark.parametrize("value", ["1", None, True, float("nan"), float("inf"), []])
def test_a_number_of_another_type_is_unknown(value: object) -> None:
    """Texts, truths, NaN and lists are no numbers."""
    assert status(stats=answer(activeFps=value)).active_fps is None


@given(
    st.dictionaries(st.sampled_from(["scenes", "currentProgramSceneName", "outputActive", "outputBytes"]), json_values)
)
def test_any_data_is_a_status(data: dict[str, Any]) -> None:
    """Whatever JSON comes, a status comes out."""
    assert status(scenes=answer(**data), stream=answer(**data)).reachable


def test_scenes_are_listed_as_shown() -> None:
    """The protocol lists scenes backwards; the status has them in the order that OBS shows."""
    listed = answer(
        currentProgramSceneName="A", scenes=[{"sceneName": "C"}, {"sceneName": "B"}, {"sceneName": "A"}, {"other": 1}]
    )

    assert status(scenes=listed).scene_names == ("A", "B", "C")


@pytest.mark.parametrize(
    ("told", "state"),
    [
        ("OBS_MEDIA_STATE_PLAYING", MediaState.PLAYING),
        ("OBS_MEDIA_STATE_ENDED", MediaState.ENDED),
        ("OBS_MEDIA_STATE_NEW", None),
        (7, None),
    ],
)
def test_media_states(told: object, state: MediaState | None) -> None:
    """What OBS says of a media source is one of the states of the protocol, or unknown."""
    assert status(media=answer(mediaState=told)).media_state is state


def test_program_scene() -> None:
    """The program scene is its name, or unknown."""
    assert (program_scene(answer(currentProgramSceneName="A")), program_scene(answer())) == ("A", None)


@pytest.mark.parametrize(
    ("available", "missing"),
    [(sorted(USED_REQUESTS), frozenset()), ([], USED_REQUESTS), (None, frozenset())],
)
def test_missing_requests(available: list[str] | None, missing: frozenset[str]) -> None:
    """What OBS does not list is missing; one that lists nothing at all is given the benefit of the doubt."""
    assert missing_requests(answer(availableRequests=available)) == missing
