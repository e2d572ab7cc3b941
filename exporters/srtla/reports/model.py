"""Reports as values: numbers by metric, for uplinks and for streams. Pure."""

from __future__ import annotations

import json
import math
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

MAX_REPORT_BYTES = 1 << 20  # the largest of them, a statistics page of some hundred publishers, has 60 kB
_LARGEST = 1e18  # beyond it a number is no count of bytes that a machine of this world has sent


Fields = Mapping[str, tuple[str, float | Callable[[float], float]]]
"""Metrics by the report's names: each with a factor or a conversion that brings the value to its unit."""


class ReportError(Exception):
    """A report cannot be had or read; the message names what to look at, and quotes nothing of the report."""


@dataclass(frozen=True, slots=True)
class Reading:
    """Numbers of one uplink or stream, by the metric's name after `srtla_uplink_` or `srtla_stream_`.

    Attributes:
        gauges: what holds now.
        counters: counts that begin at 0 with each session, without `_total`.
        session: what tells one run of the counters from the next.
        pulse: something that changes while data flows, and only then; None where nothing does.
    """

    gauges: Mapping[str, float] = field(default_factory=dict)
    counters: Mapping[str, float] = field(default_factory=dict)
    session: str = field(default="", repr=False)
    pulse: object = field(default=None, repr=False)


@dataclass(frozen=True, slots=True)
class Report:
    """One report; keys are the operator's names. None is what this kind of report does not say."""

    uplinks: Mapping[str, Reading] = field(default_factory=dict)
    streams: Mapping[str, Reading] = field(default_factory=dict)
    unknown_streams: int | None = None
    stray_links: int | None = None


def document(text: bytes) -> Any:  # noqa: ANN401 - what JSON holds is found out by those who ask
    """The JSON document of a report. Raises ReportError."""
    if len(text) > MAX_REPORT_BYTES:
        raise ReportError(f"the report is larger than {MAX_REPORT_BYTES} bytes; is it the right one?")
    try:
        return json.loads(text)
    except (ValueError, RecursionError):
        raise ReportError("the report is no JSON; is it the right address or file?") from None


def mapping(value: object, what: str) -> Mapping[str, Any]:
    """A JSON object. Raises ReportError, which names `what` is not one."""
    if not isinstance(value, dict):
        raise ReportError(f"the report's {what} is no object; is the program of another version?")
    return value


def number(value: object) -> float | None:
    """A finite number, not negative and not absurd; None for anything else."""
    if isinstance(value, bool) or not isinstance(value, int | float):
        return None
    try:
        found = float(value)
    except OverflowError:
        return None
    return found if math.isfinite(found) and 0 <= found <= _LARGEST else None


def numbers(source: Mapping[str, Any], fields: Fields) -> dict[str, float]:
    """Those of the fields that are there and are numbers, by metric."""
    found: dict[str, float] = {}
    for name, (metric, convert) in fields.items():
        value = number(source.get(name))
        if value is not None:
            found[metric] = convert(value) if callable(convert) else value * convert
    return found
