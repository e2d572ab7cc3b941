"""One HTTP request to the unit: allowed paths only, bounded in time and size, failures as values.

The address of a write carries the stream key, so no address is ever put into a failure, and
httpx's own log line of it is dropped.
"""

from __future__ import annotations

import asyncio
import logging
from dataclasses import dataclass
from enum import StrEnum
from typing import TYPE_CHECKING
from urllib.parse import quote, urlencode

import httpx

from controller.adapters.uray.auth import ChallengedAuth

if TYPE_CHECKING:
    from collections.abc import Mapping

    from pydantic import SecretStr

# The largest reply seen in public captures is about 4 kB; a peer that sends more is no such unit.
MAX_REPLY_BYTES = 256 * 1024


class DevicePath(StrEnum):
    """The only paths that are ever requested; the factory reset and `/get_sys` are not among them."""

    GET_STATUS = "/get_status"
    GET_OUTPUT = "/get_output"
    SET_OUTPUT = "/set_output"
    REBOOT = "/reboot"


class FailureKind(StrEnum):
    """How a request failed, by what it leaves behind."""

    UNREACHABLE = "unreachable"  # no connection: nothing was sent
    SILENT = "silent"  # sent, but no whole answer in time: it may have worked
    AUTH = "auth"  # refused for its credentials: nothing was done
    BAD_REPLY = "bad_reply"  # an answer that this protocol does not know


@dataclass(frozen=True, slots=True)
class Failure:
    """A request without a usable answer; `problem` is the operator's line."""

    kind: FailureKind
    problem: str


class _DropWriteAddresses(logging.Filter):
    def filter(self, record: logging.LogRecord) -> bool:
        return DevicePath.SET_OUTPUT.value not in record.getMessage()


_DROP_WRITE_ADDRESSES = _DropWriteAddresses()


def checked_base(base_url: str) -> httpx.URL:
    """`base_url` as an address of a host and nothing else; ValueError names what is wrong."""
    try:
        url = httpx.URL(base_url)
    except httpx.InvalidURL:
        url = httpx.URL("")
    if url.scheme not in {"http", "https"} or not url.host:
        raise ValueError("encoder address: write it as http://HOST or http://HOST:PORT")
    if url.userinfo:
        raise ValueError("encoder address: holds credentials; put them into user name and password instead")
    if url.path not in {"", "/"} or url.query or url.fragment:
        raise ValueError(f"encoder address: holds more than the host; write {url.scheme}://{url.netloc.decode()}")
    return url


class Transport:
    """GET requests to one unit, a new connection for each: a half-open one can then never be reused."""

    def __init__(self, *, base_url: str, username: str, password: SecretStr, connect_s: float = 2.0) -> None:
        self._base = checked_base(base_url)
        self._auth = ChallengedAuth(username=username, password=password)
        self._client = httpx.AsyncClient(
            headers={"Connection": "close", "Accept-Encoding": "identity"},
            limits=httpx.Limits(max_keepalive_connections=0),
            timeout=httpx.Timeout(None, connect=connect_s),  # the whole is bounded by each call's deadline
            follow_redirects=False,
            trust_env=False,  # a proxy from the environment would be handed the stream key
        )
        logging.getLogger("httpx").addFilter(_DROP_WRITE_ADDRESSES)

    @property
    def host(self) -> str:
        """The unit's host, for messages."""
        return self._base.host

    async def get(
        self, path: DevicePath, query: Mapping[str, str], *, deadline_s: float, encoding: str = "utf-8"
    ) -> bytes | Failure:
        """The reply's body to `path`, all within `deadline_s` seconds, or why there is none."""
        target = DevicePath(path).value
        if query:
            target += "?" + urlencode(query, quote_via=quote, safe="", encoding=encoding)
        try:
            async with asyncio.timeout(deadline_s):
                return await self._exchange(self._base.copy_with(raw_path=target.encode("ascii")))
        except (httpx.ConnectError, httpx.ConnectTimeout):
            return self._failure(FailureKind.UNREACHABLE, "no connection; check its power, cable and address")
        except (TimeoutError, httpx.TimeoutException):
            return self._failure(FailureKind.SILENT, f"no whole answer within {deadline_s:g} s")
        except (httpx.NetworkError, httpx.RemoteProtocolError):
            return self._failure(FailureKind.SILENT, "the connection closed without a whole HTTP answer")
        except httpx.HTTPError:
            return self._failure(FailureKind.BAD_REPLY, "bad reply: it cannot be read as HTTP")

    async def _exchange(self, url: httpx.URL) -> bytes | Failure:
        async with self._client.stream("GET", url, auth=self._auth) as response:
            if response.status_code in {httpx.codes.UNAUTHORIZED, httpx.codes.FORBIDDEN}:
                return self._failure(FailureKind.AUTH, "user name or password refused; correct them in the config")
            if response.status_code != httpx.codes.OK:
                return self._failure(FailureKind.BAD_REPLY, f"bad reply: HTTP {response.status_code}")
            body = bytearray()
            async for chunk in response.aiter_raw():
                body += chunk
                if len(body) > MAX_REPLY_BYTES:
                    return self._failure(FailureKind.BAD_REPLY, "bad reply: far too long; check its address")
            return bytes(body)

    def _failure(self, kind: FailureKind, text: str) -> Failure:
        return Failure(kind, f"encoder {self.host}: {text}")

    async def close(self) -> None:
        """Give connections back."""
        await self._client.aclose()
