"""The probe on the wire."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mptcp.guard.wire import MOST_BYTES, SIZE_BYTES, Datagram, Kind, decode, echo, encode, parse_key

KEY = b"0123456789abcdef"
numbers = st.integers(0, 2**64 - 1)
datagrams = st.builds(Datagram, st.sampled_from(Kind), numbers, numbers)


def test_bytes_are_as_documented() -> None:
    """Magic, kind, zeros, session, number, and half of the HMAC of all that."""
    data = encode(Datagram(Kind.PROBE, 0x1122, 7), KEY)

    assert data[:24].hex() == "565647310100000000000000000011220000000000000007"
    assert data[24:].hex() == "aec1e48ee37aac5673026fe778020fb9"
    assert len(data) == SIZE_BYTES == 40


@given(datagrams, st.binary(min_size=16, max_size=64))
def test_what_is_encoded_is_decoded(datagram: Datagram, key: bytes) -> None:
    """With the same key, and with no other."""
    assert decode(encode(datagram, key), key) == datagram
    assert decode(encode(datagram, key), key + b"!") is None


@given(datagrams, st.integers(0, SIZE_BYTES * 8 - 1))
def test_changed_bit_is_refused(datagram: Datagram, bit: int) -> None:
    """Each of them is covered by the tag, or part of it."""
    data = bytearray(encode(datagram, KEY))
    data[bit // 8] ^= 1 << bit % 8

    assert decode(bytes(data), KEY) is None


@given(st.binary(max_size=100))
def test_echo_is_never_larger_than_the_probe(data: bytes) -> None:
    """Whatever arrives, nobody gains bytes by it."""
    answer = echo(data, KEY)

    assert answer is None or len(answer) <= len(data)


@given(numbers, numbers)
def test_echo_answers_probes_and_not_echoes(session: int, number: int) -> None:
    """Two responders could otherwise answer each other for ever."""
    answer = echo(encode(Datagram(Kind.PROBE, session, number), KEY), KEY)

    assert answer is not None
    assert decode(answer, KEY) == Datagram(Kind.ECHO, session, number)
    assert echo(answer, KEY) is None


@given(datagrams, st.integers(SIZE_BYTES, MOST_BYTES))
def test_padding_means_nothing(datagram: Datagram, size: int) -> None:
    """A probe of a train is as long as a packet of video; its echo is as short as any."""
    data = encode(datagram, KEY, size=size)
    answer = echo(data, KEY)

    assert len(data) == size
    assert decode(data, KEY) == datagram
    assert answer is None or len(answer) == SIZE_BYTES
    assert decode(data.ljust(MOST_BYTES + 1, b"x"), KEY) is None


def test_unknown_kind_is_refused_although_the_tag_is_right() -> None:
    """Another version of the format is not guessed at."""
    good = encode(Datagram(Kind.PROBE, 1, 1), KEY)
    forged = encode(Datagram(3, 1, 1), KEY)  # type: ignore[arg-type] # what no honest sender writes

    assert decode(good, KEY) is not None
    assert decode(forged, KEY) is None


def test_session_is_not_shown() -> None:
    """It is what an echo is recognised by."""
    assert "4660" not in repr(Datagram(Kind.PROBE, 0x1234, 1))


def test_key_is_read_without_the_space_around_it() -> None:
    """Editors end files with a newline."""
    assert parse_key(b"  0123456789abcdef\n") == KEY


def test_short_key_is_refused_with_the_remedy() -> None:
    """It could be guessed."""
    with pytest.raises(ValueError, match="has 5 bytes, a key needs 16 or more: openssl rand -hex 32"):
        parse_key(b"short\n")
