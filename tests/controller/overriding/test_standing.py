"""Overrides as values: which one counts, and what plain data is accepted as one."""

from __future__ import annotations

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from controller.decision.model import Override, Quality, Scene
from controller.overriding.standing import (
    Book,
    By,
    Standing,
    book_from_plain,
    book_to_plain,
    ordered,
    override_from_plain,
)

TIMES = st.floats(min_value=0, max_value=4e9)
OVERRIDES = st.builds(
    Override,
    until_s=TIMES,
    reason=st.text(max_size=20),
    state=st.none() | st.sampled_from([one for one in Quality if one is not Quality.RECOVERY]),
    bitrate_cap_bps=st.none() | st.integers(1, 10**8),
    scene=st.none() | st.sampled_from(Scene),
    hold=st.just(value=True),
    emergency=st.booleans(),
    audio_only=st.booleans(),
)


def standings(by: By) -> st.SearchStrategy[Standing | None]:
    """Overrides by `by`, or none."""
    return st.none() | st.builds(
        Standing, number=st.integers(0, 10**6), by=st.just(by), given_s=TIMES, override=OVERRIDES
    )


BOOKS = st.builds(
    Book,
    number=st.integers(0, 10**6),
    hand=standings(By.HAND),
    alert=standings(By.ALERT),
    source=st.text(max_size=8),
    followed=st.integers(0, 10**6),
)


@given(BOOKS)
def test_what_is_written_is_what_is_read(book: Book) -> None:
    """A book survives its way through JSON unchanged."""
    assert book_from_plain(json.loads(json.dumps(book_to_plain(book)))) == book


@given(BOOKS, TIMES)
def test_only_what_has_not_ended_counts_and_the_hand_goes_first(book: Book, now_s: float) -> None:
    """What counts has its end ahead; while one by hand stands, no alert's counts."""
    counts = book.in_force(now_s)

    assert counts is None or counts.override.until_s > now_s
    if book.hand is not None and book.hand.override.until_s > now_s:
        assert counts == book.hand


def test_an_alerts_override_is_in_force_again_when_the_hand_s_has_ended() -> None:
    """The longer one underneath is not lost."""
    hand = Standing(2, By.HAND, 0.0, Override(until_s=10.0, reason="a", hold=True))
    alert = Standing(1, By.ALERT, 0.0, Override(until_s=20.0, reason="b", emergency=True))
    book = Book(number=2, hand=hand, alert=alert)

    assert [book.in_force(now_s) for now_s in (9.9, 10.0, 20.0)] == [hand, alert, None]


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=5),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.sampled_from([*"ab", "hand", "number"]), inner),
    max_leaves=6,
)


@given(JSON)
def test_whatever_the_file_holds_is_a_book_or_a_value_error(plain: Any) -> None:  # noqa: ANN401 - any JSON
    """Damage is refused as a whole, in one kind of error."""
    try:
        found = book_from_plain(plain)
    except ValueError:
        return
    assert isinstance(found, Book)


@pytest.mark.parametrize(
    "changed",
    [
        {"until_s": "soon"},
        {"until_s": float("nan")},
        {"hold": 1},
        {"hold": False},
        {"state": "GOOD"},
        {"scene": "intro"},
        {"bitrate_cap_bps": -1},
        {"bitrate_cap_bps": 1.5},
        {"colour": "red"},
    ],
)
def test_an_override_that_is_none_is_refused(changed: dict[str, Any]) -> None:
    """A wrong type, an unknown name, or an order of nothing."""
    plain = {"until_s": 10.0, "reason": "r", "hold": True, "emergency": False, "audio_only": False}
    assert override_from_plain(plain).hold

    with pytest.raises(ValueError, match=r".+"):
        override_from_plain({**plain, **changed})


def test_orders_are_told_in_words() -> None:
    """Each field that orders something has its word."""
    override = Override(
        until_s=1.0,
        reason="",
        state=Quality.LOW,
        bitrate_cap_bps=1_500_000,
        scene=Scene.SIMPLE,
        hold=True,
        emergency=True,
        audio_only=True,
    )

    assert ordered(override) == (
        "state LOW",
        "at most 1500 kbit/s",
        "scene simple",
        "hold",
        "emergency",
        "audio only",
    )
