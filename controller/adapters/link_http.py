"""The VPS's controller over HTTP: the rig asks, and only the rig. Through whatever carries the bond.

The token travels in the header Authorization: loopback into a tunnel, or https, and nothing else.
"""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, TypeVar

import httpx
from pydantic import BaseModel, ValidationError

from controller.linking.edge import LinkError
from controller.linking.messages import Ordered, OverrideMessage, ReceivedMessage, ReportMessage, ordered_from

if TYPE_CHECKING:
    from pydantic import SecretStr

M = TypeVar("M", bound=BaseModel)
# A report is some kilobytes; on a bond with seconds of queue it still gets through.
DEADLINE_S = 8.0
_SILENCE_S = 20.0  # httpx counts its time per read; our own deadlines are shorter
MAX_ANSWER_BYTES = 100_000
_REFUSALS = {
    401: "the VPS's controller refuses the token: give both ends the same one",
    403: "the VPS's controller refuses the token: it needs the scope link",
    422: "the VPS's controller does not understand the report: are both of one version?",
}


class LinkHttp:
    """The controller at `url`, shown `token`."""

    def __init__(self, *, url: str, token: SecretStr, deadline_s: float = DEADLINE_S) -> None:
        self._deadline_s = deadline_s
        headers = {"Authorization": f"Bearer {token.get_secret_value()}"}
        # trust_env off: a proxy from the environment would be handed the token.
        self._client = httpx.AsyncClient(
            base_url=url, headers=headers, timeout=_SILENCE_S, trust_env=False, follow_redirects=False
        )

    async def report(self, report: ReportMessage) -> int:
        """Send a report; the highest number kept there."""
        body = report.model_dump_json()
        request = self._client.build_request(
            "POST", "/api/link/report", content=body, headers={"Content-Type": "application/json"}
        )
        return _read(ReceivedMessage, await self._asked(request, self._deadline_s)).received

    async def ordered(self, *, book: str, number: int, wait_s: float) -> Ordered:
        """What stands there, once it is news, or after `wait_s`."""
        query: dict[str, str | float] = {"book": book, "number": number, "wait_s": wait_s}
        request = self._client.build_request("GET", "/api/link/override", params=query)
        try:
            return ordered_from(_read(OverrideMessage, await self._asked(request, wait_s + self._deadline_s)))
        except ValueError as error:
            raise LinkError(f"the VPS's controller sent no override that can be used: {error}") from None

    async def close(self) -> None:
        """Close the kept connections."""
        await self._client.aclose()

    async def _asked(self, request: httpx.Request, within_s: float) -> bytes:
        try:
            async with asyncio.timeout(within_s):
                return await self._answer(request)
        except TimeoutError:
            raise LinkError(f"the VPS's controller did not answer within {within_s:g} s") from None
        except httpx.ConnectError:
            raise LinkError("the VPS's controller cannot be reached: is it running, and is link.url right?") from None
        except httpx.HTTPError as error:
            raise LinkError(f"the connection to the VPS's controller broke: {type(error).__name__}") from None

    async def _answer(self, request: httpx.Request) -> bytes:
        response = await self._client.send(request, stream=True)
        try:
            if response.status_code != httpx.codes.OK:
                what = _REFUSALS.get(response.status_code, f"the VPS's controller answered {response.status_code}")
                raise LinkError(what, refused=response.status_code in {413, 422})
            body = bytearray()
            async for chunk in response.aiter_bytes():
                body += chunk
                if len(body) > MAX_ANSWER_BYTES:
                    raise LinkError("the VPS's controller answers too much: is link.url right?")
            return bytes(body)
        finally:
            await response.aclose()


def _read(model: type[M], body: bytes) -> M:
    try:
        return model.model_validate_json(body)
    except ValidationError:
        raise LinkError("what answers there is no VVLIVE controller: is link.url right?") from None
