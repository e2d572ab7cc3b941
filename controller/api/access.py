"""Who may do what: tokens with scopes, compared in constant time, and how often they may ask.

A token travels as `Authorization: Bearer TOKEN`; a bare `Authorization: TOKEN` is taken too, because
clients of obs-websocket-http send that. There are no cookies, so no other site can borrow a browser's rights.
"""

from __future__ import annotations

import hashlib
import hmac
import ipaddress
from dataclasses import dataclass
from enum import StrEnum
from typing import TYPE_CHECKING

from fastapi import HTTPException, Request

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable, Mapping

    from pydantic import SecretStr
    from starlette.datastructures import Address, Headers

# A page asks twice a second, Prometheus once; a bot that asks more often is broken. Per second, and in a burst.
READS = (200.0, 400.0)
CHANGES = (10.0, 20.0)
REFUSALS = (2.0, 10.0)
_CLIENTS_REMEMBERED = 1_000
_FORWARDED = ("forwarded", "x-forwarded-for", "x-real-ip")


class Scope(StrEnum):
    """What a token permits. `CONTROL` includes `READ`; the others include nothing."""

    READ = "read"
    CONTROL = "control"
    ALERT = "alert"
    LINK = "link"


@dataclass(slots=True)
class _Bucket:
    left: float
    at_s: float


class Limiter:
    """A token bucket per client; those that asked longest ago are forgotten first. `clock` is monotonic seconds."""

    def __init__(self, *, per_s: float, burst: float, clock: Callable[[], float]) -> None:
        self._per_s, self._burst, self._clock = per_s, burst, clock
        self._buckets: dict[str, _Bucket] = {}

    def admits(self, client: str, *, cost: float = 1.0) -> bool:
        """Whether `client` may ask once more; counts it."""
        now_s = self._clock()
        bucket = self._buckets.pop(client, None) or _Bucket(self._burst, now_s)
        bucket.left = min(self._burst, bucket.left + (now_s - bucket.at_s) * self._per_s)
        bucket.at_s = now_s
        self._buckets[client] = bucket
        if len(self._buckets) > _CLIENTS_REMEMBERED:
            del self._buckets[next(iter(self._buckets))]
        if bucket.left < cost:
            return False
        bucket.left -= cost
        return True


class Access:
    """The tokens of one controller, by scope. A scope without a token is nobody's."""

    def __init__(
        self, tokens: Mapping[str, SecretStr], *, open_reads: bool = True, clock: Callable[[], float] = lambda: 0.0
    ) -> None:
        self._digests = {Scope(scope): _digest(token.get_secret_value()) for scope, token in tokens.items()}
        self._open_reads = open_reads
        self._reads = Limiter(per_s=READS[0], burst=READS[1], clock=clock)
        self._changes = Limiter(per_s=CHANGES[0], burst=CHANGES[1], clock=clock)
        self._refusals = Limiter(per_s=REFUSALS[0], burst=REFUSALS[1], clock=clock)

    def needs(self, scope: Scope) -> Callable[[Request], Awaitable[None]]:
        """A check, as a route's dependency, that the request may use `scope`; else 401, 403 or 429."""

        async def check(request: Request) -> None:
            self._check(scope, headers=request.headers, client=request.client)

        return check

    def _check(self, scope: Scope, *, headers: Headers, client: Address | None) -> None:
        host = client.host if client else "unknown"
        limiter = self._reads if scope is Scope.READ else self._changes
        if not limiter.admits(host):
            raise HTTPException(429, "too many requests: ask less often", {"Retry-After": "1"})
        if scope is Scope.READ and self._open_reads and is_local(client, headers):
            return
        granted = self._granted(headers.get("authorization"))
        if scope in granted:
            return
        if not self._refusals.admits(host):
            raise HTTPException(429, "too many refusals: wait, and check the token", {"Retry-After": "5"})
        if scope not in self._digests and not (scope is Scope.READ and Scope.CONTROL in self._digests):
            raise HTTPException(
                403, f"no token with the scope {scope} is configured; see api.tokens in the configuration"
            )
        if granted:
            raise HTTPException(403, f"this token has not the scope {scope}")
        raise HTTPException(401, f"a token with the scope {scope} is needed", {"WWW-Authenticate": "Bearer"})

    def _granted(self, authorization: str | None) -> frozenset[Scope]:
        presented = _digest((authorization or "").removeprefix("Bearer ").strip())
        # Every token is compared, whichever fits, so that the time tells nothing.
        fitting = [scope for scope, digest in self._digests.items() if hmac.compare_digest(digest, presented)]
        return frozenset(fitting) | ({Scope.READ} if Scope.CONTROL in fitting else frozenset())


def _digest(token: str) -> bytes:
    return hashlib.sha256(token.encode()).digest()


def is_local(client: Address | None, headers: Headers) -> bool:
    """Whether the request comes from this machine itself, and not through a proxy on it that speaks for others."""
    if client is None or any(name in headers for name in _FORWARDED):
        return False
    try:
        return ipaddress.ip_address(client.host).is_loopback
    except ValueError:
        return False
