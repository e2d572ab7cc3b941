"""`python -m tests.bench record`: a stream's history in Prometheus, or in a file, becomes traces for the bench.

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
from math import isfinite
from pathlib import Path

import httpx
import numpy as np

from controller.decision.model import Sample, Series, Transport
from controller.ports import NoAnswer
from controller.queries import raw_window, read_answer
from exporters.units import bits
from tests.bench.traces import BINS_PER_S, Rates, write_trace

ALIVE = "exporter_clock_timestamp_seconds"
LOWER = "uplink_capacity_lower_bytes_per_second"
UPPER = "uplink_capacity_upper_bytes_per_second"

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


def metrics_of(transport: Transport) -> tuple[str, str, str]:
    """What is read of the transport's exporter: that it lives, and both bounds of each uplink."""
    return f"{transport}_{ALIVE}", f"{transport}_{LOWER}", f"{transport}_{UPPER}"


def recorded(
    series: Iterable[Series], *, begin_s: float, end_s: float, transport: Transport = Transport.MPTCP
) -> Recording:
    """The traces of all uplinks from `begin_s` to `end_s`, from samples of `metrics_of` the transport.

    Raises:
        RecordError: the exporter was silent all the time, or told of no uplink.
    """
    found = _merged(series, transport)
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


def _merged(series: Iterable[Series], transport: Transport) -> _Found:
    """The transport's samples by metric, less its prefix, and uplink; in order, pages and restarted targets joined."""
    joined: dict[tuple[str, str | None], dict[float, Sample]] = {}
    for one in series:
        if one.metric.startswith(f"{transport}_"):
            row = joined.setdefault((one.metric.removeprefix(f"{transport}_"), one.label("uplink")), {})
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


def history(
    ask: Ask, *, match: Mapping[str, str], begin_s: float, end_s: float, transport: Transport = Transport.MPTCP
) -> Iterator[Series]:
    """The raw samples of `metrics_of` the transport from `begin_s` to `end_s`, page by page.

    Raises:
        RecordError: Prometheus gave no whole answer.
    """
    page_end_s = begin_s
    while page_end_s < end_s:
        span_s = min(PAGE_S, end_s - page_end_s)
        page_end_s += span_s
        # A sample from just before a page still speaks of its first bins.
        answer = read_answer(ask(raw_window(metrics_of(transport), match=match, window_s=span_s + HELD_S), page_end_s))
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


def kept(path: Path) -> tuple[Series, ...]:
    """The samples in a file as `vvlive replay --save` writes it.

    Raises:
        RecordError: it is none, or holds nothing.
    """
    try:
        answer = read_answer(path.read_bytes())
    except OSError as error:
        raise RecordError(f"{path} cannot be read ({error.strerror}); give a file of vvlive replay --save") from None
    if isinstance(answer, NoAnswer) or not answer.series:
        why = answer.why if isinstance(answer, NoAnswer) else "it holds no samples"
        raise RecordError(f"{path} is no recording ({why}); give a file of vvlive replay --save")
    return answer.series


def parser() -> argparse.ArgumentParser:
    """The command line."""
    described = argparse.ArgumentParser(prog="python -m tests.bench record", description=__doc__)
    described.add_argument("--prometheus", default="http://127.0.0.1:9090", metavar="URL", help="default %(default)s")
    described.add_argument("--file", type=Path, help="what `vvlive replay --save` wrote, in place of Prometheus")
    described.add_argument(
        "--match", type=_label, action="append", default=[], metavar="LABEL=VALUE", help="repeatable"
    )
    described.add_argument("--transport", type=Transport, choices=list(Transport), default=Transport.MPTCP)
    described.add_argument(
        "--from", dest="begin_s", type=float, metavar="EPOCH", help="seconds since 1970; of a file its beginning"
    )
    described.add_argument("--to", dest="end_s", type=float, metavar="EPOCH", help="likewise; of a file its end")
    described.add_argument("--out", type=Path, required=True, metavar="DIR", help="for UPLINK.csv, one file per uplink")
    return described


def main(arguments: Sequence[str] | None = None) -> int:
    """Fetch, convert and write; 0, or 2 with a reason."""
    options = parser().parse_args(arguments)
    try:
        found = _recording(options)
        options.out.mkdir(parents=True, exist_ok=True)
        for uplink, rates in found.rates.items():
            write_trace(options.out / f"{uplink}.csv", rates)
    except (RecordError, OSError) as error:
        sys.stderr.write(f"bench record: {error}\n")
        return 2
    bins = len(next(iter(found.rates.values())))
    sys.stdout.write(
        f"{len(found.rates)} uplinks, {bins / BINS_PER_S:.1f} s written, {found.cut_s:.1f} s unknown and cut\n"
    )
    return 0


def _recording(options: argparse.Namespace) -> Recording:
    begin_s, end_s = options.begin_s, options.end_s
    series: Iterable[Series]
    if options.file is not None:
        series = kept(options.file)
        times_s = [sample.t_s for one in series for sample in (one.samples[0], one.samples[-1])]
        begin_s = min(times_s) if begin_s is None else begin_s
        end_s = max(times_s) if end_s is None else end_s
    elif begin_s is None or end_s is None:
        raise RecordError("the span is missing: give --from and --to, or a recording with --file")
    if not (isfinite(begin_s) and isfinite(end_s) and begin_s < end_s):
        raise RecordError(f"--from {begin_s} to --to {end_s} is no time; give an earlier and a later second since 1970")
    if options.file is None:
        ask, match = prometheus(options.prometheus.rstrip("/")), dict(options.match)
        series = history(ask, match=match, begin_s=begin_s, end_s=end_s, transport=options.transport)
    return recorded(series, begin_s=begin_s, end_s=end_s, transport=options.transport)


if __name__ == "__main__":
    sys.exit(main())
