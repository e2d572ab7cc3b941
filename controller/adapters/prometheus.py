"""Prometheus' HTTP API as a metric source: one query, kept alive, with a deadline and a size limit."""

from __future__ import annotations

import asyncio

import httpx

from controller.ports import NoAnswer, Window
from controller.queries import read_answer

# A rig's window is about 100 kB at a 1 s scrape; a fleet's answer by mistake must not eat the Pi's memory.
MAX_ANSWER_BYTES = 8_000_000
_REFUSALS = {
    401: "refuses us (401): it asks for credentials",
    422: "cannot run the query (422)",
    503: "is starting or overloaded (503)",
}


class PrometheusSource:
    """Fetches one query's answer from the Prometheus at `url`, within `timeout_s` in all."""

    def __init__(self, *, url: str, query: str, timeout_s: float) -> None:
        self._timeout_s = timeout_s
        self._parameters = {"query": query, "timeout": f"{round(timeout_s * 1000)}ms"}
        # trust_env off: a proxy from the environment has no business between us and our own Prometheus.
        self._client = httpx.AsyncClient(base_url=url, timeout=timeout_s, trust_env=False, follow_redirects=False)

    async def fetch(self) -> Window | NoAnswer:
        """Fetch and read one answer; every failure is a `NoAnswer` with its reason."""
        return await self._within(self._parameters)

    async def look_up(self, query: str) -> Window | NoAnswer:
        """As `fetch`, for another range selector."""
        return await self._within({**self._parameters, "query": query})

    async def _within(self, parameters: dict[str, str]) -> Window | NoAnswer:
        try:
            # httpx counts its time per read; a body that trickles would never end without this deadline.
            async with asyncio.timeout(self._timeout_s):
                return await self._ask(parameters)
        except (TimeoutError, httpx.TimeoutException):
            return NoAnswer(f"unknown because Prometheus did not answer within {self._timeout_s:g} s")
        except httpx.ConnectError:
            return NoAnswer("unknown because Prometheus cannot be reached: is it running, and is prometheus.url right?")
        except httpx.HTTPError as error:
            return NoAnswer(f"unknown because the connection to Prometheus broke: {type(error).__name__}")

    async def _ask(self, parameters: dict[str, str]) -> Window | NoAnswer:
        async with self._client.stream("GET", "/api/v1/query", params=parameters) as response:
            if response.status_code != httpx.codes.OK:
                what = _REFUSALS.get(response.status_code, f"answered HTTP {response.status_code}")
                return NoAnswer(f"unknown because Prometheus {what}")
            body = bytearray()
            async for chunk in response.aiter_bytes():
                body += chunk
                if len(body) > MAX_ANSWER_BYTES:
                    return NoAnswer(f"unknown because Prometheus' answer is larger than {MAX_ANSWER_BYTES} bytes")
        return read_answer(bytes(body))

    async def close(self) -> None:
        """Close the kept connection."""
        await self._client.aclose()
