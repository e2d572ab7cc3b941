"""Some minutes of a rig's life, made from the catalogue: every metric, with labels and values as they occur.

Nothing here is recorded. A metric that the catalogue gains is in it at once, one that it loses or renames is not, so
that a query for the old name comes back empty. What rules make of the series is added as if they had run.
"""

from __future__ import annotations

import itertools
import random
import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import cache

import yaml

from controller.decision.model import Freshness, Quality, Scene
from exporters.catalog import BY_NAME, CONTROLLER, GUARD, INGEST, MPTCP, RTMP_AUTH, SRTLA, Kind, Metric
from tests.prometheus.promql import ROOT, recorded

# The first has both transports, as a hybrid rig has; the second has SRTLA and nothing of MPTCP.
RIG, SRTLA_RIG = "demo", "srtla"
RECORDED = {"rig:vvlive_quality_state:rank": 5.0, "rig:vvlive_scene_shown:rank": 4.0}
# Which programs run on which side, and what they publish.
PLACES = (
    ("edge", "mptcp", MPTCP),
    ("vps", "mptcp", MPTCP),
    ("edge", "srtla", SRTLA),
    ("vps", "srtla", SRTLA),
    ("vps", "ingest", INGEST),
    ("vps", "rtmp_auth", RTMP_AUTH),
    ("edge", "guard", GUARD),
    ("edge", "controller", CONTROLLER),
    ("vps", "controller", CONTROLLER),
)
# What SRTLA's exporter publishes under the name that MPTCP's has, but for the transport.
SHARED = tuple(one for one in SRTLA if one.name.replace("srtla", "mptcp", 1) in BY_NAME)
# The side without an encoder publishes no quality and no target, the one without OBS no scene.
ONE_SIDE = {
    "vvlive_quality": "edge",
    "vvlive_encoder": "edge",
    "vvlive_health": "edge",
    "vvlive_scene": "vps",
    "vvlive_obs": "vps",
}
VALUES_OF: dict[str, tuple[str, ...]] = {
    "uplink": ("verizon", "att"),
    "interface": ("eth1",),
    "stream": ("cam",),
    "state": tuple(Quality),
    "scene": tuple(Scene),
    "freshness": tuple(Freshness),
    "target": ("encoder", "obs"),
    "source": ("uplinks", "ingest"),
    "collector": ("sockets",),
    "version": ("0.1.0",),
    "part": ("picture", "queue"),
    "from": ("HIGH",),
    "to": ("LOW",),
    "rule": ("bandwidth",),
    "role": ("initial",),
    "slot": ("0",),
    "deed": ("suppress",),
    "video_codec": ("H264",),
    "audio_codec": ("AAC",),
    "call": ("publish",),
    "reason": ("wrong_key",),
    "transport": ("mptcp", "srtla"),
    "keepalive": ("plain",),
    "message": ("reg1",),
    "table": ("links",),
}
# One of several is 1: what the rig is in now.
PRESENT = {"HIGH", "main", "fresh", "mptcp"}
# Gauges, by what their names end in: what they are most of the time.
USUALLY = (
    ("_timestamp_seconds", None),
    ("uplink_dead", 0.0),
    ("_fallback", 0.0),
    ("_stuck", 0.0),
    ("_suppressed", 0.0),
    ("_demoted", 0.0),
    ("_override_active", 0.0),
    ("_unknown_streams", 0.0),
    ("_flaps", 0.0),
    ("lag_seconds", 0.3),
    ("rtt_seconds", 0.06),
    ("_duration_seconds", 0.01),
    ("_age_seconds", 0.5),
    ("_seconds", 0.2),
    ("month_bytes", 30e9),
    ("cap_bytes", 100e9),
    ("_bytes_per_second", 500_000.0),
    ("_bytes", 20_000.0),
    ("_hertz", 30.0),
    ("_pixels", 1280.0),
    ("_ratio", 0.9),
    ("", 1.0),
)


# A prime number of factors, so that no window of whole seconds holds the same ones as the next.
_random = random.Random(1)  # noqa: S311 - nothing secret
WOBBLE = tuple(_random.uniform(0.9, 1.1) for _ in range(997))


@dataclass(frozen=True, slots=True)
class Serie:
    """One series: its metric, and its labels as PromQL writes them."""

    metric: Metric
    labels: tuple[tuple[str, str], ...]

    @property
    def text(self) -> str:
        """Name and labels."""
        inner = ",".join(f'{name}="{value}"' for name, value in self.labels)
        return f"{self.metric.name}{{{inner}}}"

    @property
    def interval_s(self) -> float:
        """Seconds between its samples."""
        labels = dict(self.labels)
        return scrape_interval_s(labels.get("site", ""), labels.get("job", ""))

    def values(self) -> Callable[[float, float], float]:
        """What it is, given the moment and the seconds since the beginning."""
        if self.metric.kind is Kind.COUNTER:
            counted = _counted(self.metric)
            return lambda _, since_s: counted(since_s)
        steady = self._steady
        return lambda at_s, _: at_s if steady is None else steady

    @property
    def trembles(self) -> bool:
        """Whether it is a measured quantity: no counter, no moment, no yes or no, no rank."""
        ranked = self.metric.name in RECORDED
        return self.metric.kind is Kind.GAUGE and not ranked and self._steady not in {None, 0.0, 1.0}

    @property
    def _steady(self) -> float | None:
        """What a gauge is all the time; None for one that is the present moment."""
        chosen = {value for name, value in self.labels if name in {"state", "scene", "freshness", "transport"}}
        if chosen:
            return float(bool(chosen & PRESENT))
        usual = next(value for ending, value in USUALLY if self.metric.name.endswith(ending))
        return RECORDED.get(self.metric.name, usual)


def _counted(metric: Metric) -> Callable[[float], float]:
    """Bytes flow at 2 Mbit/s; failures are rare; everything else happens once in ten seconds."""
    if metric.unit == "bytes":
        return lambda since_s: 250_000.0 * since_s
    if metric.name.endswith("_segments_total"):
        pace = 2.0 if "retransmitted" in metric.name else 180.0
        return lambda since_s: pace * since_s
    if re.search(r"fail|late|blackhole|disabled|fallback|suppress", metric.name):
        return lambda since_s: float(since_s > 60)
    return lambda since_s: float(since_s // 10)


def series() -> Iterator[Serie]:
    """Every series of the rig."""
    yield from _of_rules()
    for site, job, metrics in PLACES:
        yield from _of_program(RIG, site, job, metrics)
    for site in ("edge", "vps"):
        yield from _of_program(SRTLA_RIG, site, "srtla", SHARED)


def _of_program(rig: str, site: str, job: str, metrics: tuple[Metric, ...]) -> Iterator[Serie]:
    target = (("rig", rig), ("site", site), ("job", job), ("instance", f"{job}-{site}:1"))
    for name in ("up", "scrape_duration_seconds"):
        yield Serie(Metric(name, Kind.GAUGE, "", (), ""), target)
    for metric in metrics:
        only = next((side for prefix, side in ONE_SIDE.items() if metric.name.startswith(prefix)), site)
        if only == site and not (metric.name == "mptcp_uplink_present" and site == "vps"):
            choices = [[(label, value) for value in VALUES_OF[label]] for label in metric.labels]
            yield from (Serie(metric, target + labels) for labels in itertools.product(*choices))


def _of_rules() -> Iterator[Serie]:
    """What Prometheus would have made itself: recording rules, and one alert that fires."""
    for name, rig in itertools.product(recorded(), (RIG, SRTLA_RIG)):
        if name not in BY_NAME:
            yield Serie(Metric(name, Kind.GAUGE, "", (), ""), (("rig", rig),))
    alert = (("alertname", "UplinkDead"), ("alertstate", "firing"), ("severity", "warning"), ("sound", "off"))
    place = (("rig", RIG), ("site", "edge"), ("uplink", "att"))
    yield Serie(Metric("ALERTS", Kind.GAUGE, "", (), ""), alert + place)


def scrape_interval_s(site: str, job: str) -> float:
    """How often the shipped Prometheus of that side asks that program, seconds; SRTLA's alike on both."""
    return _intervals_s().get((site, job), 1.0)


@cache
def _intervals_s() -> dict[tuple[str, str], float]:
    found = {}
    for site, name in itertools.product(("edge", "vps"), ("", "srtla")):
        config = yaml.safe_load((ROOT / "prometheus" / f"prometheus-{name or site}.yml").read_text(encoding="utf-8"))
        for job in config["scrape_configs"]:
            text = job.get("scrape_interval", config["global"]["scrape_interval"])
            whole = text.removesuffix("ms")
            found[site, job["job_name"]] = int(whole) / 1000 if whole != text else float(text.removesuffix("s"))
    return found


def openmetrics(
    start_s: int, end_s: int, *, pick: str = "", began_s: int | None = None, as_scraped: bool = False
) -> Iterator[str]:
    """Lines of OpenMetrics, family by family, for the metrics whose names match `pick`.

    Counters count from `began_s`, the start where it is not given. A sample a second; `as_scraped`, as many as the
    shipped Prometheus takes, with gauges that tremble as measured ones do: what never changes is quicker to read.
    """
    wanted = (serie for serie in series() if re.search(pick, serie.metric.name))
    key = lambda serie: serie.metric.name  # noqa: E731 - named because it is used twice
    for name, group in itertools.groupby(sorted(wanted, key=key), key=key):
        found = list(group)
        kind = found[0].metric.kind
        yield f"# TYPE {name.removesuffix('_total') if kind is Kind.COUNTER else name} {kind}\n"
        for serie in found:
            yield from _samples(serie, start_s, end_s, start_s if began_s is None else began_s, as_scraped=as_scraped)
    yield "# EOF\n"


def _samples(serie: Serie, start_s: int, end_s: int, began_s: int, *, as_scraped: bool) -> Iterator[str]:
    text, value, per_s = serie.text, serie.values(), round(1 / serie.interval_s) if as_scraped else 1
    wobble = WOBBLE if as_scraped and serie.trembles else (1.0,)
    for tick in range(start_s * per_s, end_s * per_s):
        at_s = tick / per_s
        yield f"{text} {value(at_s, at_s - began_s) * wobble[tick % len(wobble)]} {at_s}\n"
