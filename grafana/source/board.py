"""What every dashboard has: variables, links, marks of events; and numbers for its panels."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field

from grafana_foundation_sdk.builders import dashboard as builders
from grafana_foundation_sdk.cog.builder import Builder
from grafana_foundation_sdk.models import dashboard as models

from grafana.source.expressions import bond
from grafana.source.panels import SOURCE
from grafana.source.vocabulary import PURPLE, RED, RIG

TAG = "vvlive"
Panel = Builder[models.Panel]
# A change of a counter is an event: its value against the one a second ago, or its first appearance.
_TRANSITIONS = f"vvlive_quality_transitions_total{{{RIG}}}"
TRANSITION = f"({_TRANSITIONS} - {_TRANSITIONS} offset 1s > 0) or ({_TRANSITIONS} == 1 unless {_TRANSITIONS} offset 1s)"
ALERT = f'ALERTS{{{RIG},alertstate="firing",severity=~"critical|warning"}}'


@dataclass(frozen=True, slots=True)
class Row:
    """A headed row of panels; folded rows ask nothing until they are opened."""

    title: str
    panels: Sequence[Panel]
    folded: bool = False


@dataclass(frozen=True, slots=True)
class Board:
    """A dashboard before it is numbered. `variables`: of rig, uplink and controller, which it has."""

    uid: str
    title: str
    description: str
    rows: Sequence[Row]
    refresh: str = "5s"
    since: str = "now-15m"
    variables: Sequence[str] = ("rig",)
    events: bool = True
    tags: Sequence[str] = field(default_factory=lambda: [TAG])


def build(board: Board) -> models.Dashboard:
    """The dashboard as Grafana reads it; panels numbered in the order in which they stand."""
    made = (
        builders.Dashboard(board.title)
        .uid(board.uid)
        .description(board.description)
        .tags([*board.tags, "generated"])
        .refresh(board.refresh)
        .time(board.since, "now")
        .timezone("browser")
        .editable()  # buttons are shown only where one may edit; what is provisioned cannot be saved
        .tooltip(models.DashboardCursorSync.CROSSHAIR)
        .link(_menu())
    )
    for variable in (_source(), *(_VARIABLES[name]() for name in board.variables)):
        made = made.with_variable(variable)
    if "controller" in board.variables:
        made = made.link(_page())
    for annotation in _events() if board.events else ():
        made = made.annotation(annotation)
    for row in board.rows:
        made = _with(made, row)
    return _numbered(made.build())


def _with(made: builders.Dashboard, row: Row) -> builders.Dashboard:
    heading = builders.Row(row.title)
    if row.folded:
        for panel in row.panels:
            heading = heading.with_panel(panel)
        return made.with_row(heading.collapsed(collapsed=True))
    if row.title:
        made = made.with_row(heading)
    for panel in row.panels:
        made = made.with_panel(panel)
    return made


def _numbered(dashboard: models.Dashboard) -> models.Dashboard:
    for number, panel in enumerate(_all(dashboard.panels or []), start=1):
        panel.id_val = number
    return dashboard


def _all(panels: Iterable[models.Panel | models.RowPanel]) -> Iterable[models.Panel | models.RowPanel]:
    for panel in panels:
        yield panel
        if isinstance(panel, models.RowPanel):
            yield from panel.panels


def _source() -> builders.DatasourceVariable:
    return builders.DatasourceVariable("datasource").type("prometheus").label("Data source")


def _rig() -> builders.QueryVariable:
    return (
        builders.QueryVariable("rig")
        .label("Rig")
        .datasource(SOURCE)
        .query("label_values(ingest_stream_publishing, rig)")
        .refresh(models.VariableRefresh.ON_TIME_RANGE_CHANGED)
        .sort(models.VariableSort.NATURAL_ASC)
    )


def _uplink() -> builders.QueryVariable:
    return (
        builders.QueryVariable("uplink")
        .label("Uplink")
        .datasource(SOURCE)
        .query(f"label_values({bond('uplink_subflows', RIG)}, uplink)")
        .refresh(models.VariableRefresh.ON_TIME_RANGE_CHANGED)
        .sort(models.VariableSort.NATURAL_ASC)
        .multi(multi=True)
        .include_all(include_all=True)
        .all_value(".+")
    )


def _controller() -> builders.QueryVariable:
    """Where the controller is scraped, and so where its page is: the place for orders when Grafana shows no buttons."""
    return (
        builders.QueryVariable("controller")
        .label("Controller")
        .datasource(SOURCE)
        .query(f'label_values(vvlive_build_info{{{RIG},site="vps"}}, instance)')
        .refresh(models.VariableRefresh.ON_TIME_RANGE_CHANGED)
        .hide(models.VariableHide.HIDE_VARIABLE)
    )


_VARIABLES = {"rig": _rig, "uplink": _uplink, "controller": _controller}


def _menu() -> builders.DashboardLink:
    return (
        builders.DashboardLink("VVLIVE").type(models.DashboardLinkType.DASHBOARDS).tags([TAG])
        .as_dropdown(as_dropdown=True).include_vars(include_vars=True).keep_time(keep_time=True)
    )  # fmt: skip


def _page() -> builders.DashboardLink:
    return (
        builders.DashboardLink("Controller's page").type(models.DashboardLinkType.LINK)
        .url("http://${controller}/").target_blank(target_blank=True).icon("external link")
    )  # fmt: skip


def _events() -> tuple[builders.AnnotationQuery, ...]:
    """Changes of the quality state with their rule, and alerts; asked second by second, or they run together."""
    changes = builders.AnnotationQuery().name("Quality").expr(TRANSITION).icon_color(PURPLE)
    alerts = builders.AnnotationQuery().name("Alerts").expr(ALERT).icon_color(RED)
    return (
        _event(changes).title_format("{{from}} → {{to}}").text_format("{{rule}}").tag_keys("rig"),
        _event(alerts).title_format("{{alertname}}").text_format("{{severity}} {{uplink}}").tag_keys("severity"),
    )


def _event(query: builders.AnnotationQuery) -> builders.AnnotationQuery:
    return query.datasource(SOURCE).enable(enable=True).step("1s")
