"""The dashboards' form: what Grafana's own linter checks, and what it does not."""

from __future__ import annotations

import itertools
import json
import re
from pathlib import Path
from typing import Any

import promql_parser
import pytest

from controller.api.overrides import OverrideOrder
from exporters.catalog import BY_NAME, Kind
from grafana.source import vocabulary
from grafana.source.__main__ import DASHBOARDS, differences, rendered, written
from grafana.source.orders import CONTROLLER, ORDERS, OVERRIDES
from tests.grafana import dashboards
from tests.prometheus import promql

VALUES = {"stat", "timeseries", "state-timeline", "table"}
PANELS = [
    pytest.param(path.stem, panel, id=f"{path.stem}: {panel['title']}")
    for path in dashboards.MAIN
    for panel in dashboards.panels(dashboards.load(path))
    if panel["type"] != "row"
]
BOARDS = [pytest.param(dashboards.load(path), id=path.stem) for path in dashboards.EVERY]
# Colours that say "all is well".
GOOD = {"green", "semi-dark-green", "dark-green"}


def test_what_is_committed_is_what_is_generated() -> None:
    """Nobody edits the JSON, and nobody forgets to write it anew."""
    assert not differences(rendered(), written(DASHBOARDS))


def test_a_difference_is_found() -> None:
    """A file that is missing, one too many and one that differs are all named."""
    assert differences({"a": "1", "b": "2", "c": "3"}, {"a": "1", "b": "x", "d": "4"}) == ["b", "c", "d"]


@pytest.mark.parametrize("dashboard", BOARDS)
def test_identity(dashboard: dict[str, Any]) -> None:
    """A uid that Grafana takes, a title, a description, and the mark of the generated."""
    assert re.fullmatch(r"[A-Za-z0-9_-]{1,40}", dashboard["uid"])
    assert dashboard["title"]
    assert len(dashboard["description"]) >= 20
    assert "generated" in dashboard["tags"]


def test_uids_are_unique() -> None:
    """A uid is an address."""
    uids = [dashboards.load(path)["uid"] for path in dashboards.EVERY]

    assert len(set(uids)) == len(uids)


@pytest.mark.parametrize("dashboard", BOARDS)
def test_ids_and_places(dashboard: dict[str, Any]) -> None:
    """Every panel has an id of its own and a place inside 24 columns that no other panel has."""
    found = list(dashboards.panels(dashboard))
    open_ones = [panel["gridPos"] for panel in dashboard["panels"]]

    assert len({panel["id"] for panel in found}) == len(found)
    assert all(panel["id"] > 0 for panel in found)
    assert all(place["x"] >= 0 and place["x"] + place["w"] <= 24 for place in open_ones)
    for one, other in itertools.combinations(open_ones, 2):
        apart_x = one["x"] + one["w"] <= other["x"] or other["x"] + other["w"] <= one["x"]
        apart_y = one["y"] + one["h"] <= other["y"] or other["y"] + other["h"] <= one["y"]
        assert apart_x or apart_y, f"{one} and {other} overlap"


@pytest.mark.parametrize(("board", "panel"), PANELS)
def test_a_panel_explains_itself(board: str, panel: dict[str, Any]) -> None:
    """A title, what it means and when it is bad; a unit; a word for no data; thresholds that begin at the bottom."""
    defaults = panel["fieldConfig"]["defaults"]

    assert panel["type"] in VALUES, board
    assert panel["title"]
    assert len(panel["description"]) >= 40
    assert panel["targets"]
    assert panel["datasource"] == {"type": "prometheus", "uid": "${datasource}"}
    assert defaults["unit"]
    assert defaults["noValue"]
    assert defaults["thresholds"]["steps"][0].get("value") is None


@pytest.mark.parametrize(("board", "panel"), PANELS)
def test_a_graph_has_a_legend(board: str, panel: dict[str, Any]) -> None:
    """The SDK hides legends unless told otherwise, and a line without a name says nothing."""
    if panel["type"] == "timeseries":
        assert panel["options"]["legend"]["showLegend"], board
    if panel["type"] in {"timeseries", "state-timeline", "stat"}:
        assert all(target["legendFormat"] for target in panel["targets"])


@pytest.mark.parametrize(("board", "panel"), PANELS)
def test_no_data_is_never_green(board: str, panel: dict[str, Any]) -> None:
    """A number that is coloured all over is asked for the present moment, so that what has ended is not shown."""
    defaults = panel["fieldConfig"]["defaults"]
    if panel["type"] != "stat":
        return
    assert all(target["instant"] and not target.get("range") for target in panel["targets"]), board
    assert defaults["noValue"] == "NO DATA"
    specials = [m for m in defaults.get("mappings", []) if m["type"] == "special"]
    assert not any(m["options"]["result"]["color"] in GOOD for m in specials)


@pytest.mark.parametrize("one", dashboards.asked(), ids=lambda one: one.name)
def test_what_the_rig_reports_ends_with_it(one: dashboards.Asked) -> None:
    """Remote write leaves no mark when it stops: the rig's values are shown only while the rig is heard of."""
    if one.instant and 'site="edge"' in one.expression and "$__range" not in one.expression:
        assert "rig:exporter_clock:age_seconds" in one.expression


@pytest.mark.parametrize("one", dashboards.asked(), ids=lambda one: one.name)
def test_counters_and_rates(one: dashboards.Asked) -> None:
    """A counter is asked for its increase, a gauge never is; and a rate spans what Grafana says it must."""
    expression = one.expression
    inside: list[str] = []

    def visit(node: promql_parser.Expr) -> None:
        if isinstance(node, promql_parser.Call) and node.func.name in {"rate", "increase", "irate"}:
            inside.extend(selector.name for argument in node.args for selector in promql.selectors(argument.prettify()))

    promql_parser.walk(promql_parser.parse(dashboards.filled(expression)), visit)
    names = [selector.name for selector in promql.selectors(dashboards.filled(expression))]
    counters = {name for name in names if name in BY_NAME and BY_NAME[name].kind is Kind.COUNTER}

    assert set(inside) == counters
    assert re.findall(r"rate\([^\[]*\[(?!\$__rate_interval)", expression) == []


@pytest.mark.parametrize("dashboard", BOARDS)
def test_variables_are_known(dashboard: dict[str, Any]) -> None:
    """Every $name is a variable of the dashboard or one of Grafana's."""
    text = json.dumps([dashboard["panels"], dashboard["links"], dashboard["annotations"]])
    named = set(re.findall(r"\$\{?([A-Za-z_]\w*)", text)) if "Runbook" not in dashboard["title"] else set()
    known = {variable["name"] for variable in dashboard["templating"]["list"]}

    assert {name for name in named if not name.startswith("__")} <= known


def test_links_lead_somewhere() -> None:
    """Every dashboard that a link or an alert names exists."""
    uids = {dashboards.load(path)["uid"] for path in dashboards.EVERY}
    texts = [path.read_text(encoding="utf-8") for path in (*dashboards.EVERY, *promql.rule_files())]
    named = {uid for text in texts for uid in re.findall(r"/d/([A-Za-z0-9_-]+)", text)} - {"runbook-"}

    assert named
    assert named <= uids


def test_annotations_are_asked_second_by_second() -> None:
    """Without a step Grafana asks once a minute, and events run together."""
    marks = [one for path in dashboards.MAIN for one in dashboards.load(path)["annotations"].get("list", [])]

    assert marks
    assert all(one["step"] == "1s" for one in marks)


def test_states_and_scenes_are_all_known() -> None:
    """Every state and scene of the controller has a word and a colour, with the number of its recording rule."""
    for metric, label, table in (
        ("vvlive_quality_state", "state", vocabulary.QUALITIES),
        ("vvlive_scene_shown", "scene", vocabulary.SCENES),
    ):
        rule = promql.recorded()[f"rig:{metric}:rank"]
        ranks = {name: int(rank) for name, rank in re.findall(rf'{metric}{{{label}="(\w+)"}} \* (\d)', rule)}
        assert ranks == {str(member): rank for member, (rank, _) in table.items()}
        assert set(table) == set(type(next(iter(table))))


@pytest.mark.parametrize("order", [order for order in ORDERS if order.body], ids=lambda order: order.title)
def test_orders_are_understood(order: Any) -> None:  # noqa: ANN401 - the table's own type
    """The controller takes the body of every button, and every button asks first."""
    assert OverrideOrder.model_validate_json(order.body).for_s == 600
    assert order.question.endswith("?")


def test_orders_go_where_grafana_lets_them() -> None:
    """The address is allowed, provisioned, and a route of the controller."""
    ini = (promql.ROOT / "grafana" / "grafana.ini").read_text(encoding="utf-8")
    sources = (promql.ROOT / "grafana" / "provisioning" / "datasources" / "vvlive.yml").read_text(encoding="utf-8")
    routes = (promql.ROOT / "controller" / "api" / "overrides.py").read_text(encoding="utf-8")

    assert f"actions_allow_post_url = {OVERRIDES}\n" in ini
    assert f"uid: {CONTROLLER.rpartition('/')[2]}\n" in sources
    assert f'"{OVERRIDES.removeprefix(CONTROLLER)}"' in routes


def test_the_phone_has_five_to_seven_panels_in_one_column() -> None:
    """Below the first line, which a phone stacks anyway, everything is as wide as the screen."""
    found = dashboards.load(dashboards.DIRECTORY / "VVLIVE" / "phone.json")["panels"]

    assert 5 <= len(found) <= 7
    assert all(panel["gridPos"]["w"] == 24 for panel in found if panel["type"] != "stat")


def test_refresh_is_as_fast_as_provisioned() -> None:
    """Only the live view refreshes each second, and Grafana is told to allow it."""
    refreshes = {path.stem: dashboards.load(path)["refresh"] for path in dashboards.MAIN}
    ini = Path(promql.ROOT / "grafana" / "grafana.ini").read_text(encoding="utf-8")

    assert {name for name, refresh in refreshes.items() if refresh == "1s"} == {"live"}
    assert "min_refresh_interval = 1s\n" in ini
