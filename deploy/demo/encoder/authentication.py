"""The device's door: HTTP Basic on old firmware, Digest (MD5, qop=auth) on newer. Pure."""

from __future__ import annotations

import base64
import hashlib
import hmac
from dataclasses import dataclass, field
from urllib.request import parse_http_list, parse_keqv_list

REALM = "encoder"


def _md5(*parts: str) -> str:
    return hashlib.md5(
        ":".join(parts).encode(errors="replace"), usedforsecurity=False
    ).hexdigest()  # RFC 7616 names MD5


@dataclass(frozen=True, slots=True)
class Door:
    """Admits one user. `nonce` is new with each boot, so that a reboot makes old answers stale."""

    user: str
    password: str = field(repr=False)
    digest: bool
    nonce: str

    def challenge(self) -> str:
        """The WWW-Authenticate header of a 401."""
        if self.digest:
            return f'Digest realm="{REALM}", qop="auth", nonce="{self.nonce}", algorithm=MD5'
        return f'Basic realm="{REALM}"'

    def admits(self, authorization: str | None, *, method: str, target: str) -> bool:
        """Whether the Authorization header opens the door for this request target (path and query)."""
        scheme, _, rest = (authorization or "").partition(" ")
        if self.digest and scheme.lower() == "digest":
            return self._admits_digest(rest, method=method, target=target)
        return not self.digest and scheme.lower() == "basic" and self._admits_basic(rest)

    def _admits_basic(self, credentials: str) -> bool:
        try:
            given = base64.b64decode(credentials, validate=True)
        except ValueError:  # neither ASCII nor base64
            return False
        return hmac.compare_digest(given, f"{self.user}:{self.password}".encode())

    def _admits_digest(self, answer: str, *, method: str, target: str) -> bool:
        try:
            given = parse_keqv_list(parse_http_list(answer))
        except (ValueError, IndexError):
            return False
        expected = _md5(
            _md5(self.user, REALM, self.password),
            self.nonce,
            given.get("nc", ""),
            given.get("cnonce", ""),
            "auth",
            _md5(method, target),
        )
        names = (given.get("username"), given.get("nonce"), given.get("uri"))
        response = given.get("response", "").encode(errors="replace")
        return names == (self.user, self.nonce, target) and hmac.compare_digest(response, expected.encode())
