"""Streams by alias: what is accepted, and that no key appears in a complaint."""

from __future__ import annotations

import pytest

from exporters.ingest.aliases import Alias, conflicts, parse_alias

KEY = "s3cret"


def read(path: str) -> str:
    """A key file."""
    return {"/key": KEY + "\nnot this\n", "/empty": "\n"}[path]


@pytest.mark.parametrize("text", [f"cam=publish/{KEY}", "cam=publish/@/key"])
def test_name_is_given_or_read_from_a_file(text: str) -> None:
    """The stream's name stands in the argument, or on the first line of a file."""
    assert parse_alias(text, read) == Alias("cam", "publish", KEY)


@pytest.mark.parametrize(
    ("text", "said"),
    [
        (f"publish/{KEY}", "--stream takes ALIAS=APP/NAME or ALIAS=APP/@FILE, for example"),
        (f"a b=publish/{KEY}", "--stream takes ALIAS=APP/NAME or ALIAS=APP/@FILE, for example"),
        (f"={KEY}", "--stream takes ALIAS=APP/NAME"),
        (f"cam={KEY}", "stream cam: the application or the stream's name is empty; give APP/NAME or APP/@FILE"),
        (f"cam=/{KEY}", "stream cam: the application or the stream's name is empty"),
        ("cam=publish/@/empty", "stream cam: the application or the stream's name is empty"),
    ],
)
def test_bad_stream_is_refused_without_its_key(text: str, said: str) -> None:
    """What is wrong is named by alias; the key is in no message."""
    with pytest.raises(ValueError) as refused:  # noqa: PT011 - the text is compared below
        parse_alias(text, read)

    assert said in str(refused.value)
    assert KEY not in str(refused.value)


def test_conflicts_are_told_by_alias() -> None:
    """An alias given twice, and two aliases for one stream, are told without the key."""
    one, two = Alias("cam", "publish", KEY), Alias("spare", "publish", KEY)

    assert conflicts([one, Alias("spare", "publish", "other")]) == []
    assert conflicts([one, two]) == ["streams cam and spare stand for the same stream; give it one alias"]
    assert conflicts([one, Alias("cam", "publish", "other")]) == [
        "stream cam is given twice; give each stream an alias of its own"
    ]


def test_repr_hides_the_name() -> None:
    """A logged alias does not show the key."""
    assert KEY not in repr(Alias("cam", "publish", KEY))
