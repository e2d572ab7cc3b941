"""`python -m tests.bench record`: a stream's history in Prometheus becomes traces for the bench.

Per uplink and 100 ms: the upper bound where a queue stood, which is what the uplink could carry; else
the lower bound, which is what it was seen to carry. A stream that never filled its uplinks therefore
leaves a trace that is a lower bound of the truth. An uplink without a subflow carried nothing; time
in which the exporter itself is silent is cut out of all uplinks alike, since it is unknown.
"""

from __future__ import annotations

import argparse
import sys
from bisect import bisect_right
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import httpx
import numpy as np

from controller.decision.model import Sample, Series
from controller.ports import NoAnswer
from controller.queries import raw_window, read_answer
from exporters.units import bits
from tests.bench.traces import BINS_PER_S, Rates, write_trace

ALIVE = "mptcp_exporter_clock_timestamp_seconds"
LOWER = "mptcp_uplink_capacity_lower_bytes_per_second"
UPPER = "mptcp_uplink_capacity_upper_bytes_per_second"
METRICS = (ALIVE, LOWER, UPPER)

HELD_S = 2.5  # two scrapes of 1 s; a sample says nothing about later times
PAGE_S = 600.0  # raw samples of one query; Prometheus answers at most 50 million

Ask = Callable[[str, float], bytes]


class RecordError(RuntimeError):
    """The history cannot become a trace; the message says why and what to do."""


@dataclass(frozen=True, slots=True)
class Recording:
    """Rates of each uplink, kbit/s per 100 ms, over the same time; `cut_s` was unknown and is left out."""

    rates: Mapping[str, Rates]
    cut_s: float


def recorded(series: Iterable[Series], *, begin_s: float, end_s: float) -> Recording:
    """The traces of all uplinks from `begin_s` to `end_s`, from samples of `METRICS`.

    Raises:
        RecordError: the exporter was silent all the time, or told of no uplink.
    """
    found = _merged(series)
    instants = (begin_s + np.arange(round((end_s - begin_s) * BINS_PER_S)) / BINS_PER_S).tolist()
    alive = [_held(found.get((ALIVE, None), ()), at_s) is not None for at_s in instants]
    uplinks = sorted({uplink for metric, uplink in found if uplink is not None and metric in {LOWER, UPPER}})
    if not any(alive):
        raise RecordError("the exporter told nothing in that time; check --match, --from and --to")
    if not uplinks:
        raise RecordError("no uplink's capacity was told in that time; was a stream running?")
    known = [at_s for at_s, lives in zip(instants, alive, strict=True) if lives]
    return Recording(
        {uplink: np.array([_rate_kbps(found, uplink, at_s) for at_s in known]) for uplink in uplinks},
        cut_s=(len(instants) - len(known)) / BINS_PER_S,
    )


_Found = dict[tuple[str, str | None], tuple[Sample, ...]]


def _merged(series: Iterable[Series]) -> _Found:
    """Samples by metric and uplink, in order; pages and restarted targets are joined."""
    joined: dict[tuple[str, str | None], dict[float, Sample]] = {}
    for one in series:
        row = joined.setdefault((one.metric, one.label("uplink")), {})
        row.update((sample.t_s, sample) for sample in one.samples)
    return {key: tuple(row[t_s] for t_s in sorted(row)) for key, row in joined.items()}


def _rate_kbps(found: _Found, uplink: str, at_s: float) -> float:
    for metric in (UPPER, LOWER):
        value = _held(found.get((metric, uplink), ()), at_s)
        if value is not None:
            return bits(value) / 1_000.0
    return 0.0


def _held(samples: Sequence[Sample], at_s: float) -> float | None:
    """The newest sample at or before `at_s`, unless it is too old to speak of it."""
    place = bisect_right(samples, at_s, key=lambda sample: sample.t_s) - 1
    if place < 0 or at_s - samples[place].t_s > HELD_S:
        return None
    return samples[place].value


def history(ask: Ask, *, match: Mapping[str, str], begin_s: float, end_s: float) -> Iterator[Series]:
    """The raw samples of `METRICS` from `begin_s` to `end_s`, page by page.

    Raises:
        RecordError: Prometheus gave no whole answer.
    """
    page_end_s = begin_s
    while page_end_s < end_s:
        span_s = min(PAGE_S, end_s - page_end_s)
        page_end_s += span_s
        # A sample from just before a page still speaks of its first bins.
        answer = read_answer(ask(raw_window(METRICS, match=match, window_s=span_s + HELD_S), page_end_s))
        if isinstance(answer, NoAnswer):
            raise RecordError(f"history {answer.why}")
        yield from answer.series


def prometheus(url: str) -> Ask:
    """Instant queries to the Prometheus at `url`, evaluated at a given time."""

    def ask(query: str, at_s: float) -> bytes:
        try:
            answer = httpx.post(f"{url}/api/v1/query", data={"query": query, "time": str(at_s)}, timeout=30.0)
        except httpx.HTTPError as error:
            raise RecordError(
                f"Prometheus at {url} does not answer: {type(error).__name__}; check --prometheus"
            ) from None
        return answer.content

    return ask


def _label(text: str) -> tuple[str, str]:
    name, separator, value = text.partition("=")
    if not separator or not name.isidentifier():
        raise argparse.ArgumentTypeError(f"{text!r} is not LABEL=VALUE, for example site=edge")
    return name, value


def parser() -> argparse.ArgumentParser:
    """The command line."""
    described = argparse.ArgumentParser(prog="python -m tests.bench record", description=__doc__)
    described.add_argument("--prometheus", default="http://127.0.0.1:9090", metavar="URL", help="default %(default)s")
    described.add_argument(
        "--match", type=_label, action="append", default=[], metavar="LABEL=VALUE", help="repeatable"
    )
    described.add_argument(
        "--from", dest="begin_s", type=float, required=True, metavar="EPOCH", help="seconds since 1970"
    )
    described.add_argument("--to", dest="end_s", type=float, required=True, metavar="EPOCH", help="seconds since 1970")
    described.add_argument("--out", type=Path, required=True, metavar="DIR", help="for UPLINK.csv, one file per uplink")
    return described


def main(arguments: Sequence[str] | None = None) -> int:
    """Fetch, convert and write; 0, or 2 with a reason."""
    options = parser().parse_args(arguments)
    try:
        samples = history(
            prometheus(options.prometheus.rstrip("/")),
            match=dict(options.match),
            begin_s=options.begin_s,
            end_s=options.end_s,
        )
        found = recorded(samples, begin_s=options.begin_s, end_s=options.end_s)
    except RecordError as error:
        sys.stderr.write(f"bench record: {error}\n")
        return 2
    options.out.mkdir(parents=True, exist_ok=True)
    for uplink, rates in found.rates.items():
        write_trace(options.out / f"{uplink}.csv", rates)
    bins = len(next(iter(found.rates.values())))
    sys.stdout.write(
        f"{len(found.rates)} uplinks, {bins / BINS_PER_S:.1f} s written, {found.cut_s:.1f} s unknown and cut\n"
    )
    return 0


if __name__ == "__main__":
    sys.exit(main())
