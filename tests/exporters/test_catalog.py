"""The catalogue keeps the naming rules of Prometheus, and those that promtool does not know."""

from __future__ import annotations

import re

from exporters.catalog import ALL, BY_NAME, Kind

UNITS = {"", "seconds", "bytes", "bytes_per_second", "hertz", "ratio"}
FOREIGN_UNITS = re.compile(r"_(ms|us|milliseconds|kbps|mbps|bps|bits|percent|kb|mb)(_|$)")
AMBIGUOUS_LABELS = {"type", "stage", "service", "env", "region", "zone", "job", "instance", "rig"}


def test_names_are_unique() -> None:
    """No two metrics share a name."""
    assert len(BY_NAME) == len(ALL)


def test_names_are_plain() -> None:
    """Names are snake case: no colons, which belong to recording rules."""
    assert [m.name for m in ALL if not re.fullmatch(r"[a-z][a-z0-9]*(_[a-z0-9]+)+", m.name)] == []


def test_only_counters_end_in_total() -> None:
    """The suffix `_total` says counter, and every counter has it."""
    assert [m.name for m in ALL if m.name.endswith("_total") != (m.kind is Kind.COUNTER)] == []


def test_units_are_base_units() -> None:
    """No milliseconds, no kbit/s, no percent: base units only, at the end of the name."""
    assert [m.name for m in ALL if m.unit not in UNITS or FOREIGN_UNITS.search(m.name)] == []
    assert [m.name for m in ALL if not m.name.removesuffix("_total").endswith(m.unit)] == []


def test_help_is_a_sentence() -> None:
    """Help texts end with a full stop and stay on one line."""
    assert [m.name for m in ALL if not m.help.endswith(".") or "\n" in m.help] == []


def test_labels_do_not_clash() -> None:
    """No label that Prometheus or a target's configuration sets, and none twice."""
    assert [m.name for m in ALL if AMBIGUOUS_LABELS & set(m.labels) or len(set(m.labels)) < len(m.labels)] == []
    assert [m.name for m in ALL if not all(re.fullmatch(r"[a-z][a-z0-9_]*", label) for label in m.labels)] == []
