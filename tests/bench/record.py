"""`python -m tests.bench record`: a stream's history in Prometheus, or in a file, becomes traces for the bench.

Of each uplink what it could carry, where a queue stood, and else what it was seen to carry: where the stream itself
sank, the trace sinks with it, and the bench may take that for an uplink that dies. Full uplinks make good traces. 0
stands only where it had no subflow. While it was idle its last bound is held for up to 30 s. What is unknown beyond
that, or since the exporter was silent, is cut out of all uplinks alike. How much of each it was is told.
"""

from __future__ import annotations

import argparse
import sys
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from math import isfinite
from pathlib import Path

import httpx

from controller.decision.model import Series, Transport
from controller.ports import NoAnswer
from controller.queries import raw_window, read_answer
from exporters.srtla.naming import NAME
from tests.bench.recording import HELD_S, RecordError, Recording, metrics_of, recorded
from tests.bench.traces import BINS_PER_S, write_trace

PAGE_S = 600.0  # raw samples of one query; Prometheus answers at most 50 million

Ask = Callable[[str, float], bytes]


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


def _matching(series: Iterable[Series], match: Mapping[str, str]) -> tuple[Series, ...]:
    """Those with these labels; as in Prometheus, a label that is not there is empty."""
    return tuple(one for one in series if all((one.label(name) or "") == value for name, value in match.items()))


def parser() -> argparse.ArgumentParser:
    """The command line."""
    described = argparse.ArgumentParser(prog="python -m tests.bench record", description=__doc__)
    described.add_argument("--prometheus", default="http://127.0.0.1:9090", metavar="URL", help="default %(default)s")
    described.add_argument("--file", type=Path, help="what `vvlive replay --save` wrote, in place of Prometheus")
    described.add_argument(
        "--match",
        type=_label,
        action="append",
        default=[],
        metavar="LABEL=VALUE",
        help="only of series with this label, of a file, too, for example rig=van; repeatable. Without it the "
        "exporter with site=edge, or the only one",
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
        _check_names(found.rates)
        options.out.mkdir(parents=True, exist_ok=True)
        for uplink, rates in found.rates.items():
            write_trace(options.out / f"{uplink}.csv", rates)
    except (RecordError, OSError) as error:
        sys.stderr.write(f"bench record: {error}\n")
        return 2
    sys.stdout.write(_summary(found))
    return 0


def _check_names(uplinks: Iterable[str]) -> None:
    """A label out of a file may hold anything; what exporters accept for a name is safe as one of a file, too."""
    for uplink in uplinks:
        if not NAME.fullmatch(uplink):
            raise RecordError(
                f"uplink {uplink!r} cannot name a trace's file; give it a name as the exporters take them: letters and "
                "digits, then also _ . -"
            )


def _summary(found: Recording) -> str:
    bins = len(next(iter(found.rates.values())))
    lines = [f"{len(found.rates)} uplinks, {bins / BINS_PER_S:.1f} s written, {found.cut_s:.1f} s unknown and cut\n"]
    for uplink in found.rates:
        held_s, unknown_s = found.held_s[uplink], found.unknown_s[uplink]
        if held_s or unknown_s:
            lines.append(f"{uplink}: its last bound held for {held_s:.1f} s, nothing known for {unknown_s:.1f} s\n")
    lines += [f"{uplink}: left out, no bound was ever told of it\n" for uplink in found.left_out]
    return "".join(lines)


def _recording(options: argparse.Namespace) -> Recording:
    begin_s, end_s = options.begin_s, options.end_s
    series: Iterable[Series]
    if options.file is not None:
        series = _matching(kept(options.file), dict(options.match))
        if not series:
            asked = " ".join(f"{name}={value}" for name, value in options.match)
            raise RecordError(f"{options.file} holds no series with {asked}; choose another --match")
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
