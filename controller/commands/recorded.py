"""Where a replay's samples come from: Prometheus, or a file that holds an answer of it."""

from __future__ import annotations

from itertools import pairwise
from statistics import median
from typing import TYPE_CHECKING

import httpx

from controller.commands.asking import BAD_INPUT, NO_ANSWER, WRONG, fail
from controller.decision.model import Series, Transport
from controller.ports import NoAnswer
from controller.queries import read_answer

if TYPE_CHECKING:
    from collections.abc import Iterable
    from pathlib import Path

_DEADLINE_S = 60.0
_OF_UPLINKS = tuple(f"{carrier}_" for carrier in Transport)


def fetched(url: str, query: str, *, at_s: float) -> bytes:
    """What Prometheus answers, as it came; ends the program where there is no answer."""
    try:
        with httpx.Client(base_url=url, timeout=_DEADLINE_S, trust_env=False) as client:
            return client.get("/api/v1/query", params={"query": query, "time": f"{at_s:.3f}"}).content
    except (httpx.UnsupportedProtocol, httpx.InvalidURL):
        fail(f"{url} is no address of a Prometheus; write one like http://127.0.0.1:9090", BAD_INPUT)
    except httpx.HTTPError as error:
        fail(f"no answer from Prometheus at {url} ({type(error).__name__})", NO_ANSWER)


def told(body: bytes) -> tuple[Series, ...]:
    """The samples of an answer; ends the program where it has none."""
    answer = read_answer(body)
    if isinstance(answer, NoAnswer):
        fail(answer.why, NO_ANSWER)
    if not answer.series:
        fail("Prometheus has no samples of that time; is it inside its retention, and do the labels match?", WRONG)
    return answer.series


def kept(path: Path) -> tuple[Series, ...]:
    """The samples in a file; ends the program where it is none that `--save` wrote, or tells of no uplinks."""
    try:
        body = path.read_bytes()
    except OSError as error:
        fail(f"{path} cannot be read ({error.strerror}); give a file that --save wrote", BAD_INPUT)
    answer = read_answer(body)
    if isinstance(answer, NoAnswer):
        fail(f"{path} is no answer of Prometheus, as --save writes one: {answer.why}", BAD_INPUT)
    if not any(one.samples and one.metric.startswith(_OF_UPLINKS) for one in answer.series):
        fail(f"{path} holds no samples of uplinks; give a file that --save wrote while a stream ran", WRONG)
    return answer.series


def interval_s(series: Iterable[Series]) -> float | None:
    """How often the uplinks were scraped, seconds: the usual gap of that series of theirs which came most often.

    None where none of them has two samples.
    """
    gaps = (
        median(later.t_s - earlier.t_s for earlier, later in pairwise(one.samples))
        for one in series
        if one.metric.startswith(_OF_UPLINKS) and len(one.samples) > 1
    )
    shortest_s = min(gaps, default=None)
    return None if shortest_s is None else round(shortest_s, 2)  # a scrape's timestamp is some ms off its grid


def save(path: Path, body: bytes) -> None:
    """Keep an answer in a file; ends the program where that cannot be."""
    try:
        path.write_bytes(body)
    except OSError as error:
        fail(f"{path} cannot be written ({error.strerror}); give another file to --save", BAD_INPUT)
