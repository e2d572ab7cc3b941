"""The device's door, tried with what a client library sends."""

from __future__ import annotations

import httpx
import pytest
from hypothesis import given
from hypothesis import strategies as st

from deploy.demo.encoder.authentication import Door

TARGET = "/set_output?input=0&output=0&venc_bitrate=2500"
DIGEST = Door(user="admin", password="pass:word", digest=True, nonce="n0nce")
BASIC = Door(user="admin", password="pass:word", digest=False, nonce="n0nce")


def _answer(auth: httpx.Auth, door: Door, *, target: str = TARGET) -> str:
    """The header with which httpx answers the door's challenge."""
    flow = auth.sync_auth_flow(httpx.Request("GET", f"http://unit{target}"))
    request = next(flow)
    if "Authorization" not in request.headers:
        refusal = httpx.Response(401, headers={"WWW-Authenticate": door.challenge()}, request=request)
        request = flow.send(refusal)
    return str(request.headers["Authorization"])


@pytest.mark.parametrize(
    ("auth", "door"),
    [(httpx.DigestAuth("admin", "pass:word"), DIGEST), (httpx.BasicAuth("admin", "pass:word"), BASIC)],
)
def test_the_right_password_opens(auth: httpx.Auth, door: Door) -> None:
    """Httpx's own Digest and Basic answers are accepted."""
    assert door.admits(_answer(auth, door), method="GET", target=TARGET)


@pytest.mark.parametrize(
    ("auth", "door"),
    [
        (httpx.DigestAuth("admin", "wrong"), DIGEST),
        (httpx.DigestAuth("root", "pass:word"), DIGEST),
        (httpx.BasicAuth("admin", "wrong"), BASIC),
        (httpx.BasicAuth("admin", "pass:word"), DIGEST),
        (httpx.DigestAuth("admin", "pass:word"), BASIC),
    ],
)
def test_anything_else_stays_outside(auth: httpx.Auth, door: Door) -> None:
    """Wrong user, wrong password, and the scheme the firmware does not speak."""
    speaking = DIGEST if isinstance(auth, httpx.DigestAuth) else BASIC
    assert not door.admits(_answer(auth, speaking), method="GET", target=TARGET)


def test_an_answer_is_good_for_its_own_request_only() -> None:
    """A Digest answer replayed for another target or after a reboot is refused."""
    answer = _answer(httpx.DigestAuth("admin", "pass:word"), DIGEST)
    reborn = Door(user="admin", password="pass:word", digest=True, nonce="other")
    assert not DIGEST.admits(answer, method="GET", target="/reboot")
    assert not DIGEST.admits(answer, method="POST", target=TARGET)
    assert not reborn.admits(answer, method="GET", target=TARGET)


@given(header=st.none() | st.text() | st.text().map("Digest ".__add__) | st.text().map("Basic ".__add__))
def test_no_header_whatever_opens_or_breaks_the_door(header: str | None) -> None:
    """Garbage is refused, not an error."""
    assert not DIGEST.admits(header, method="GET", target=TARGET)
    assert not BASIC.admits(header, method="GET", target=TARGET)


def test_the_password_is_not_shown() -> None:
    """A door in a traceback does not give it away."""
    assert "pass:word" not in repr(DIGEST)
