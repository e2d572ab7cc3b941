"""The file of stream keys."""

from __future__ import annotations

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from exporters.rtmp_auth.keys import MAX_KEYS, KeysError, hasher, parse

DIGEST = hasher(b"test")
KEY = "k3y-that-nobody-may-see"

plain = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=8) | st.just(KEY),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=8), inner, max_size=3),
    max_leaves=12,
)


def test_a_file_of_nginx_rtmp_auth_is_read_as_it_is() -> None:
    """Plain strings are keys, and get an alias of their application and place."""
    table = parse('{"encoder": ["one", "two"], "push": ["three"]}', DIGEST)

    assert [entry.alias for entry in table["encoder"]] == ["encoder-1", "encoder-2"]
    assert table["push"][0].digest == DIGEST("three")


def test_an_object_says_more_of_a_key() -> None:
    """Alias, dates, networks and what it is for."""
    entry = {"key": KEY, "alias": "cam", "created": "2026-11-01", "expires": "2026-11-01T01:00:00+01:00"}
    (found,) = parse(json.dumps({"publish": [{**entry, "networks": ["192.0.2.0/24"], "calls": ["publish"]}]}), DIGEST)[
        "publish"
    ]

    assert (found.alias, found.created_s, found.expires_s) == ("cam", 1_793_491_200.0, 1_793_491_200.0)
    assert (str(found.networks[0]), found.calls) == ("192.0.2.0/24", ("publish",))


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("", "are not JSON"),
        ("[" * 100_000, "are not JSON"),
        ('["a"]', "are not an object"),
        ('{"a": "b"}', "application 1 of the file is not a list"),
        ('{"a": [1]}', "key 1 is neither a string nor an object"),
        ('{"a": [""]}', "key 1 has no key"),
        ('{"a": [{"alias": "cam"}]}', "key 1 has no key"),
        ('{"a": [{"key": "b", "alias": "two words"}]}', "the alias is not"),
        ('{"two words": ["b"]}', "the alias is not"),
        ('{"a": [{"key": "b", "colour": 1}]}', "a field that is not known"),
        ('{"a": [{"key": "b", "expires": "soon"}]}', "'expires' is no date"),
        ('{"a": [{"key": "b", "networks": ["192.0.2.1/24"]}]}', "no network"),
        ('{"a": [{"key": "b", "networks": "192.0.2.0/24"}]}', '"networks" is not a list'),
        ('{"a": [{"key": "b", "calls": ["sing"]}]}', '"calls" is not a list'),
        ('{"a": ["b", "b"]}', "a-1 and a-2 have the same key"),
        ('{"a": [{"key": "b", "alias": "x"}, {"key": "c", "alias": "x"}]}', "the alias x is given twice"),
        (json.dumps({"a": [str(number) for number in range(MAX_KEYS + 1)]}), "at most 1000"),
    ],
)
def test_what_is_wrong_is_named_with_its_place(text: str, said: str) -> None:
    """The operator reads where to look and what to write."""
    with pytest.raises(KeysError, match=said):
        parse(text, DIGEST)


@given(plain)
def test_no_file_crashes_and_no_message_or_value_has_a_key(document: object) -> None:
    """Whatever JSON it is: a table, or an error without what the file held."""
    try:
        told = repr(parse(json.dumps(document), DIGEST))
    except KeysError as error:
        told = str(error)

    assert KEY not in told or (isinstance(document, dict) and KEY in document)


def test_a_hash_means_nothing_to_another_process() -> None:
    """It is keyed by a secret of the process' own."""
    assert hasher(b"one")(KEY) != hasher(b"two")(KEY)
