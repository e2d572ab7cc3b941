"""What the controller asks of Prometheus, and how it reads the answer.

One raw range selector per tick: samples arrive with their own timestamps, so that late data is seen
to be late instead of reading as a collapse, which is what `rate()` makes of it. The answer's format is
that of Prometheus' HTTP API v1, result type "matrix".
"""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Literal

from pydantic import BaseModel, ValidationError

from controller.decision.model import Sample, Series
from controller.ports import NoAnswer, Window

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable, Mapping

EDGE_STATE_METRIC = "vvlive_quality_state"


def metrics_wanted(metrics: Iterable[str], *, drives_encoder: bool) -> tuple[str, ...]:
    """The metrics that this controller reads, of those that the decision core knows.

    Beside an encoder the quality state is left out: it is our own, and no evidence of anything.
    """
    return tuple(name for name in metrics if not (drives_encoder and name == EDGE_STATE_METRIC))


def raw_window(metrics: Collection[str], *, match: Mapping[str, str], window_s: float) -> str:
    """The range selector for `metrics` with the labels `match`, over the last `window_s` seconds."""
    matchers = [f'__name__=~"{"|".join(metrics)}"']
    matchers += [f"{name}={_quoted(value)}" for name, value in sorted(match.items())]
    return f"{{{','.join(matchers)}}}[{math.ceil(window_s * 1000)}ms]"


def _quoted(value: str) -> str:
    escaped = value.replace("\\", "\\\\").replace('"', '\\"').replace("\n", "\\n")
    return f'"{escaped}"'


class _Row(BaseModel):
    metric: dict[str, str]
    values: list[tuple[float, str]] = []


class _Matrix(BaseModel):
    resultType: Literal["matrix"]  # noqa: N815 - the name is Prometheus'
    result: list[_Row]


class _Answer(BaseModel):
    status: str
    data: _Matrix | None = None
    errorType: str = ""  # noqa: N815 - the name is Prometheus'
    error: str = ""
    warnings: list[str] = []
    infos: list[str] = []


def read_answer(body: bytes) -> Window | NoAnswer:
    """Read one answer. Anything but a complete, unqualified success is a `NoAnswer`.

    A warning means that part of the data is missing, and part of the truth is not a reading.
    """
    try:
        answer = _Answer.model_validate_json(body)
    except ValidationError as error:
        return NoAnswer(f"unknown because Prometheus' answer cannot be read: {_first(error)}")
    if answer.status != "success" or answer.data is None:
        return NoAnswer(f"unknown because Prometheus reports {answer.errorType or 'an error'}: {answer.error[:200]}")
    if qualified := answer.warnings + answer.infos:
        return NoAnswer(f"unknown because Prometheus qualifies its answer: {qualified[0][:200]}")
    series = (_series(row) for row in answer.data.result)
    return Window(series=tuple(one for one in series if one.samples))


def _first(error: ValidationError) -> str:
    details = error.errors(include_url=False, include_input=False, include_context=False)[0]
    return f"{'.'.join(str(part) for part in details['loc'])} {details['msg']}".strip()[:200]


def _series(row: _Row) -> Series:
    """One row as a series. NaN and infinite values are no readings; times that run back are dropped."""
    samples: list[Sample] = []
    for t_s, text in row.values:
        value = _number(text)
        if value is not None and math.isfinite(t_s) and (not samples or t_s > samples[-1].t_s):
            samples.append(Sample(t_s=t_s, value=value))
    labels = tuple(sorted((name, value) for name, value in row.metric.items() if name != "__name__"))
    return Series(metric=row.metric.get("__name__", ""), labels=labels, samples=tuple(samples))


def _number(text: str) -> float | None:
    try:
        value = float(text)
    except ValueError:
        return None
    return value if math.isfinite(value) else None
