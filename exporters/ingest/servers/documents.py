"""JSON of servers: taken as hostile. What is not of its kind is unknown, and nothing raises but StatError."""

from __future__ import annotations

import json
import math
from collections.abc import Iterator
from typing import Any

from exporters.ingest.streams import StatError

_MOST = 1_000
"""Entries of one list that are looked at: no ingest has so many streams."""


def document(page: bytes) -> Any:  # noqa: ANN401 - whatever JSON says
    """The JSON of an answer; NaN and the infinities become None. Raises StatError."""
    try:
        return json.loads(page, parse_constant=lambda _: None)
    except (ValueError, RecursionError) as error:
        raise StatError(f"the answer is not JSON ({type(error).__name__}); does --stat name the right page?") from None


def inside(value: object, *names: str) -> Any:  # noqa: ANN401 - as above
    """What stands at the end of a way of names; None where the way ends early."""
    for name in names:
        if not isinstance(value, dict):
            return None
        value = value.get(name)
    return value


def entries(value: object) -> Iterator[dict[str, Any]]:
    """The objects of a list; none of anything else."""
    if isinstance(value, list):
        yield from (one for one in value[:_MOST] if isinstance(one, dict))


def whole(value: object) -> int | None:
    """A count: not negative, below 10^18."""
    found = number(value)
    return int(found) if found is not None and found < 1e18 else None


def number(value: object) -> float | None:
    """A finite number that is not negative; also one in a text."""
    if isinstance(value, str) and len(value) <= 24:
        try:
            value = float(value)
        except ValueError:
            return None
    if isinstance(value, bool) or not isinstance(value, int | float) or abs(value) > 1e18:
        return None
    return float(value) if math.isfinite(value) and value >= 0 else None


def text(value: object) -> str | None:
    """A text that is not empty; a number as its digits."""
    if isinstance(value, int) and not isinstance(value, bool) and abs(value) < 10**18:
        return str(value)
    return value if isinstance(value, str) and value else None


def word(value: object) -> str | None:
    """A codec's name; None when it is too odd to be a label."""
    return (
        value if isinstance(value, str) and 0 < len(value) <= 16 and value.isascii() and value.isprintable() else None
    )


def positive(value: object) -> float | None:
    """A number above zero: a server that has not seen a picture yet says 0."""
    return number(value) or None
