"""Answering the challenge that the unit's firmware makes: Digest on newer ones, Basic on older."""

from __future__ import annotations

from typing import TYPE_CHECKING

import httpx

if TYPE_CHECKING:
    from collections.abc import Generator, Sequence

    from pydantic import SecretStr

DIGEST_ALGORITHMS = ("md5", "md5-sess", "sha-256", "sha-256-sess")


def scheme_of(challenges: Sequence[str]) -> str | None:
    """Which scheme to answer: "digest" where it is offered and known to us, else "basic", else None.

    `challenges` are the values of WWW-Authenticate (RFC 7235, section 4.1), one header per item.
    """
    digest = next((line for line in challenges if line.lower().startswith("digest ")), None)
    if digest is not None and _answerable(digest):
        return "digest"
    return "basic" if any(line.lower().startswith("basic") for line in challenges) else None


def _answerable(challenge: str) -> bool:
    parts = [part.strip().partition("=") for part in challenge[len("digest ") :].split(",")]
    known = {name.strip().lower(): value.strip().strip('"').lower() for name, _, value in parts}
    complete = "realm" in known and "nonce" in known
    return complete and known.get("algorithm", "md5") in DIGEST_ALGORITHMS and "auth-int" not in known.get("qop", "")


class ChallengedAuth(httpx.Auth):
    """Sends nothing unasked, answers a 401 once by the scheme it names, and remembers the scheme.

    A stale Digest nonce is a 401 too and gets the same one retry. Only the configured user name
    and password are ever sent.
    """

    def __init__(self, *, username: str, password: SecretStr) -> None:
        self._username = username
        self._password = password
        self._chosen: httpx.Auth | None = None

    def auth_flow(self, request: httpx.Request) -> Generator[httpx.Request, httpx.Response, None]:
        """Yield the request, and once more with credentials when it was refused without proper ones."""
        response = yield self._prepared(request)
        if response.status_code != httpx.codes.UNAUTHORIZED:
            return
        scheme = scheme_of(response.headers.get_list("www-authenticate"))
        if scheme is None or (scheme == "basic" and isinstance(self._chosen, httpx.BasicAuth)):
            return
        if scheme == "basic":
            self._chosen = httpx.BasicAuth(self._username, self._password.get_secret_value())
            yield next(self._chosen.auth_flow(request))
            return
        self._chosen = httpx.DigestAuth(self._username, self._password.get_secret_value())
        answering = self._chosen.auth_flow(request)
        next(answering)
        yield answering.send(response)

    def _prepared(self, request: httpx.Request) -> httpx.Request:
        return request if self._chosen is None else next(self._chosen.auth_flow(request))
