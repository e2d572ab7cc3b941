"""The check itself: what it finds in expressions."""

from __future__ import annotations

import pytest

from tests.prometheus.promql import Selector, problems, selectors


def test_every_selector_is_found() -> None:
    """Names and labels are found below functions, operators and subqueries."""
    found = selectors('max_over_time((sum by (rig) (rate(a_total{uplink="x"}[5s])))[1m:1s]) / on (rig) b offset -1m')

    assert set(found) == {Selector("a_total", frozenset({"uplink"})), Selector("b", frozenset())}


@pytest.mark.parametrize(
    ("expression", "problem"),
    [
        ("mptcp_uplink_rtt_millis", "mptcp_uplink_rtt_millis: not in exporters/catalog.py"),
        ('mptcp_uplink_rtt_seconds{link="a"}', "mptcp_uplink_rtt_seconds: has no label link"),
        ("rig:no_such:rule", "rig:no_such:rule: not in exporters/catalog.py"),
        ('{rig="r1"}', "a selector without a name: not in exporters/catalog.py"),
    ],
)
def test_what_nobody_publishes_is_named(expression: str, problem: str) -> None:
    """A renamed metric, a label that it does not have, a rule that is gone: each is said by name."""
    assert problems(expression) == [problem]


@pytest.mark.parametrize(
    "expression",
    [
        'mptcp_uplink_rtt_seconds{rig="r1",site="edge",uplink="a"}',
        'rig:vvlive_quality_state:rank{rig="r1"}',
        'up{job="mptcp"}',
        'ALERTS{alertstate="firing",severity="critical"}',
    ],
)
def test_what_is_published_passes(expression: str) -> None:
    """Metrics of the catalogue with target labels, recorded series and Prometheus' own are known."""
    assert problems(expression) == []


def test_no_promql_is_an_error() -> None:
    """What cannot be parsed raises."""
    with pytest.raises(ValueError, match="unclosed"):
        selectors("sum(")
