"""Every query of every dashboard, executed: it brings something, with the labels that its legend shows."""

from __future__ import annotations

import itertools
import re

import pytest

from tests.grafana import dashboards
from tests.grafana.dashboards import Asked, asked, filled, marks
from tests.prometheus import history, promql
from tests.prometheus.serving import Server

# Speed is measured elsewhere; this only ends a query that hangs.
LONGEST_LIVE_S = 5.0


@pytest.mark.parametrize("one", asked() + marks(), ids=lambda one: one.name)
def test_it_asks_for_what_is_published(one: Asked) -> None:
    """Metrics and labels are those of the catalogue, or of a recording rule."""
    assert promql.problems(filled(one.expression)) == []


@pytest.mark.parametrize("one", asked(), ids=lambda one: one.name)
def test_it_brings_something(one: Asked, server: Server) -> None:
    """Where everything is measured no panel is empty, and each legend's labels are in the answer."""
    expression = filled(one.expression)
    answer = server.instant(expression) if one.instant else server.range(expression, last_s=60)

    assert answer.series
    wanted = set(re.findall(r"{{(\w+)}}", one.legend))
    assert all(wanted <= set(series["metric"]) for series in answer.series)
    assert answer.took_s < LONGEST_LIVE_S


@pytest.mark.parametrize("one", [one for one in asked() if "(mptcp|srtla)" in one.expression], ids=lambda one: one.name)
def test_a_rig_on_srtla_is_shown_as_well(one: Asked, server: Server) -> None:
    """What both transports have under one name is there for a rig that has SRTLA alone."""
    expression = filled(one.expression.replace("$rig", history.SRTLA_RIG))
    answer = server.instant(expression) if one.instant else server.range(expression, last_s=60)

    if "vvlive_" not in expression:  # this rig has no controller
        assert [
            series for series in answer.series if series["metric"].get("rig", history.SRTLA_RIG) == history.SRTLA_RIG
        ]


@pytest.mark.parametrize("one", marks(), ids=lambda one: one.name)
def test_events_are_marked(one: Asked, server: Server) -> None:
    """Each annotation finds an event in the last ten minutes."""
    assert server.range(filled(one.expression), last_s=600).series


def test_a_change_of_quality_is_one_mark_long(server: Server) -> None:
    """A counter that rises each ten seconds gives six marks a minute, each of one second."""
    (quality,) = {one.expression for one in marks() if one.panel == "Quality"}
    (series,) = server.range(filled(quality), last_s=59).series
    times = [float(at_s) for at_s, _ in series["values"]]

    assert len(times) == 6
    assert {later - earlier for earlier, later in itertools.pairwise(times)} == {10.0}


def test_variables_find_their_values() -> None:
    """`label_values` asks for a metric of the catalogue by labels that it has."""
    for path in dashboards.MAIN:
        for variable in dashboards.load(path)["templating"]["list"]:
            if variable["type"] != "query":
                continue
            found = re.fullmatch(r"label_values\((.*), (\w+)\)", variable["query"])
            assert found, variable["query"]
            assert promql.problems(filled(found[1])) == []
