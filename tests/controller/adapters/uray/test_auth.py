"""Choosing the scheme from a challenge."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from controller.adapters.uray.auth import scheme_of


@pytest.mark.parametrize(
    ("challenges", "scheme"),
    [
        (['Digest realm="r", nonce="n", qop="auth"'], "digest"),
        (['Digest realm="r",nonce="n",algorithm=SHA-256,qop="auth"'], "digest"),
        (['digest realm="r", nonce="n"'], "digest"),
        (['Basic realm="r"', 'Digest realm="r", nonce="n"'], "digest"),
        (['Basic realm="r"'], "basic"),
        (["BASIC"], "basic"),
        (['Basic realm="r"', 'Digest realm="r", nonce="n", algorithm="SHA3-512"'], "basic"),
        (['Digest realm="r", nonce="n", qop="auth-int"'], None),
        (['Digest realm="r"'], None),
        (["Digest "], None),
        (["Negotiate"], None),
        ([], None),
    ],
)
def test_scheme(challenges: list[str], scheme: str | None) -> None:
    """Digest where it is offered in a form that we can answer, else Basic, else nothing."""
    assert scheme_of(challenges) == scheme


@given(st.lists(st.text()))
def test_any_header_has_an_answer(challenges: list[str]) -> None:
    """No header, however odd, raises."""
    assert scheme_of(challenges) in {"digest", "basic", None}
