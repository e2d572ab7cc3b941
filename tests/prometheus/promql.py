"""What a PromQL expression asks for, checked against the metric catalogue."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import cache
from pathlib import Path

import promql_parser
import yaml

from exporters.catalog import BY_NAME

ROOT = Path(__file__).resolve().parents[2]
RULES = ROOT / "prometheus" / "rules"
# What Prometheus itself adds, and the labels that targets and rules carry.
FOREIGN = {"up", "scrape_duration_seconds", "ALERTS"}
# Programs that are scraped directly, by the beginning of their metrics' names, with the labels that they have then.
PROGRAMS = {
    "node_network_": {"device", "uplink"},
    "paths": {"state", "stream"},
    "srt_conns_": {"state", "stream"},
    "srtla_send_": {"ip", "uplink"},
}
TARGET_LABELS = {"rig", "site", "job", "instance"}
ALERT_LABELS = {"alertname", "alertstate", "severity", "sound"}


@dataclass(frozen=True, slots=True)
class Selector:
    """One selector of an expression: the metric's name and the labels that it picks by."""

    name: str
    labels: frozenset[str]


def selectors(expression: str) -> tuple[Selector, ...]:
    """Every selector in `expression`; raises ValueError when it is no PromQL."""
    found: list[Selector] = []

    def visit(node: promql_parser.Expr) -> None:
        if isinstance(node, promql_parser.VectorSelector):
            labels = frozenset(matcher.name for matcher in node.matchers.matchers) - {"__name__"}
            patterns = [matcher.value for matcher in node.matchers.matchers if matcher.name == "__name__"]
            found.extend(Selector(name, labels) for name in _named(node.name, patterns))

    promql_parser.walk(promql_parser.parse(expression), visit)
    return tuple(found)


def _named(name: str | None, patterns: list[str]) -> list[str]:
    """What a selector asks for: its name, or each of the names in a pattern like (mptcp|srtla)_uplink_dead."""
    if name is not None:
        return [name]
    choices = re.fullmatch(r"\(([a-z_|]+)\)([a-z_]+)", patterns[0]) if len(patterns) == 1 else None
    return [""] if choices is None else [choice + choices[2] for choice in choices[1].split("|")]


def rule_files() -> tuple[Path, ...]:
    """The rule files, without their tests."""
    return tuple(path for path in sorted(RULES.glob("*.yml")) if not path.stem.endswith("_test"))


def rules(path: Path) -> Iterator[dict[str, str]]:
    """The rules of one file."""
    for group in yaml.safe_load(path.read_text(encoding="utf-8"))["groups"]:
        yield from group["rules"]


@cache
def recorded() -> Mapping[str, str]:
    """Every recording rule: its name and its expression."""
    return {rule["record"]: rule["expr"] for path in rule_files() for rule in rules(path) if "record" in rule}


def problems(expression: str) -> list[str]:
    """What in `expression` neither the catalogue nor a recording rule knows."""
    records = recorded()
    wrong = []
    for selector in selectors(expression):
        metric = BY_NAME.get(selector.name)
        if metric is not None:
            unknown = selector.labels - set(metric.labels) - TARGET_LABELS
        elif selector.name in records:
            unknown = selector.labels - TARGET_LABELS
        elif scraped := [labels for prefix, labels in PROGRAMS.items() if selector.name.startswith(prefix)]:
            unknown = selector.labels - TARGET_LABELS - scraped[0]
        elif selector.name in FOREIGN:
            unknown = selector.labels - TARGET_LABELS - ALERT_LABELS
        else:
            wrong.append(f"{selector.name or 'a selector without a name'}: not in exporters/catalog.py")
            continue
        wrong += [f"{selector.name}: has no label {label}" for label in sorted(unknown)]
    return wrong
