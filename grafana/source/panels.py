"""Panels with our defaults: a description, a unit, a legend, and grey where there is no data."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

from grafana_foundation_sdk.builders import common, prometheus, stat, statetimeline, table, text, timeseries
from grafana_foundation_sdk.builders import dashboard as builders
from grafana_foundation_sdk.models import common as models_common
from grafana_foundation_sdk.models import dashboard as models
from grafana_foundation_sdk.models import prometheus as models_prometheus
from grafana_foundation_sdk.models import text as models_text

from grafana.source.vocabulary import NO_DATA, PLAIN

SOURCE = models.DataSourceRef(type_val="prometheus", uid="${datasource}")


@dataclass(frozen=True, slots=True)
class Query:
    """One query; `legend` is Grafana's template, like {{uplink}}."""

    expression: str
    legend: str = ""


@dataclass(frozen=True, slots=True)
class Column:
    """A column of a table: its query, heading, unit, and how its cells are coloured."""

    title: str
    expression: str
    unit: str = "none"
    thresholds: Sequence[models.Threshold] = ()
    mapping: models.ValueMap | None = None
    decimals: int | None = None


@dataclass(frozen=True, slots=True)
class Look:
    """How values are shown."""

    unit: str
    thresholds: Sequence[models.Threshold] = field(default_factory=lambda: PLAIN)
    mapping: models.ValueMap | None = None
    decimals: int | None = None
    lowest: float | None = 0
    highest: float | None = None


def _thresholds(steps: Sequence[models.Threshold]) -> builders.ThresholdsConfig:
    return builders.ThresholdsConfig().mode(models.ThresholdsMode.ABSOLUTE).steps(list(steps))


def _target(query: Query, index: int, *, instant: bool) -> prometheus.Dataquery:
    made = prometheus.Dataquery().datasource(SOURCE).expr(query.expression).ref_id(chr(ord("A") + index))
    if instant:
        return made.instant().legend_format(query.legend)
    return made.range().interval("1s").legend_format(query.legend)


def number(  # noqa: PLR0913 - a panel has so many properties
    title: str, description: str, query: Query, look: Look, *, span: int = 4, height: int = 4
) -> stat.Panel:
    """One present value, large. It comes from an instant query, so that what has ended is not shown."""
    panel = (
        stat.Panel()
        .title(title)
        .description(description)
        .datasource(SOURCE)
        .span(span)
        .height(height)
        .unit(look.unit)
        .no_value(NO_DATA)
        .thresholds(_thresholds(look.thresholds))
        .with_target(_target(query, 0, instant=True))
        .reduce_options(common.ReduceDataOptions().calcs(["lastNotNull"]))
        .color_mode(models_common.BigValueColorMode.BACKGROUND)
        .graph_mode(models_common.BigValueGraphMode.NONE)
        .text_mode(models_common.BigValueTextMode.VALUE)
    )
    if look.mapping is not None:
        panel = panel.mappings([look.mapping])
    return panel if look.decimals is None else panel.decimals(look.decimals)


def graph(  # noqa: PLR0913 - a panel has so many properties
    title: str, description: str, queries: Sequence[Query], look: Look, *, span: int = 12, height: int = 8
) -> timeseries.Panel:
    """Values over time; one colour per name, wherever it is drawn, and a legend with the numbers."""
    legend = common.VizLegendOptions().show_legend(show_legend=True).calcs(["lastNotNull", "min", "max"])
    table_legend = legend.display_mode(models_common.LegendDisplayMode.TABLE)
    panel = (
        timeseries.Panel()
        .title(title)
        .description(description)
        .datasource(SOURCE)
        .span(span)
        .height(height)
        .unit(look.unit)
        .no_value(NO_DATA)
        .interval("1s")
        .fill_opacity(8)
        .color_scheme(builders.FieldColor().mode(models.FieldColorModeId.PALETTE_CLASSIC_BY_NAME))
        .legend(table_legend.placement(models_common.LegendPlacement.BOTTOM))
        .tooltip(common.VizTooltipOptions().mode(models_common.TooltipDisplayMode.MULTI))
        .thresholds(_thresholds(look.thresholds))
    )
    if len(look.thresholds) > 1:
        lines = common.GraphThresholdsStyleConfig().mode(models_common.GraphThresholdsStyleMode.DASHED)
        panel = panel.thresholds_style(lines)
    if look.lowest is not None:
        panel = panel.min(look.lowest)
    if look.highest is not None:
        panel = panel.max(look.highest)
    for index, query in enumerate(queries):
        panel = panel.with_target(_target(query, index, instant=False))
    return panel


def timeline(  # noqa: PLR0913 - a panel has so many properties
    title: str, description: str, queries: Sequence[Query], mapping: models.ValueMap, *, span: int = 24, height: int = 4
) -> statetimeline.Panel:
    """States over time as coloured bars; a gap is a gap."""
    panel = (
        statetimeline.Panel()
        .title(title)
        .description(description)
        .datasource(SOURCE)
        .span(span)
        .height(height)
        .unit("none")
        .no_value(NO_DATA)
        .interval("1s")
        .mappings([mapping])
        .thresholds(_thresholds(PLAIN))
        .merge_values(merge_values=True)
        .row_height(0.9)
        .show_value(models_common.VisibilityMode.AUTO)
        .legend(common.VizLegendOptions().show_legend(show_legend=False))
        .tooltip(common.VizTooltipOptions().mode(models_common.TooltipDisplayMode.MULTI))
    )
    for index, query in enumerate(queries):
        panel = panel.with_target(_target(query, index, instant=False))
    return panel


def grid(  # noqa: PLR0913 - a panel has so many properties
    title: str,
    description: str,
    columns: Sequence[Column],
    *,
    names: dict[str, str] | None = None,
    links: dict[str, tuple[str, str]] | None = None,
    none: str = NO_DATA,
    span: int = 24,
    height: int = 6,
) -> table.Panel:
    """One row per set of labels, one column per query. `names` heads labels, `links` makes cells lead on."""
    panel = (
        table.Panel().title(title).description(description).datasource(SOURCE).span(span).height(height)
        .unit("none").no_value(none).thresholds(_thresholds(PLAIN)).cell_height(models_common.TableCellHeight.MD)
    )  # fmt: skip
    for index, column in enumerate(columns):
        query = _target(Query(column.expression), index, instant=True)
        panel = panel.with_target(query.format(models_prometheus.PromQueryFormat.TABLE))
        panel = panel.override_by_name(column.title, _cell(column))
    for name, (text_, url) in (links or {}).items():
        link = [{"title": text_, "url": url}]
        panel = panel.override_by_name(name, [models.DynamicConfigValue(id_val="links", value=link)])
    single = {"Value": columns[0].title} if len(columns) == 1 else {}
    renamed = {f"Value #{chr(ord('A') + index)}": column.title for index, column in enumerate(columns)} | single
    organize = {"excludeByName": {"Time": True, "__name__": True}, "renameByName": renamed | (names or {})}
    return panel.with_transformation(models.DataTransformerConfig(id_val="merge", options={})).with_transformation(
        models.DataTransformerConfig(id_val="organize", options=organize)
    )


def _cell(column: Column) -> list[models.DynamicConfigValue]:
    values: list[tuple[str, Any]] = [("unit", column.unit)]
    if column.thresholds:
        steps = [{"value": step.value, "color": step.color} for step in column.thresholds]
        values.append(("thresholds", {"mode": "absolute", "steps": steps}))
    if column.mapping is not None:
        values.append(("mappings", [column.mapping]))
    if column.thresholds or column.mapping is not None:
        values.append(("custom.cellOptions", {"type": "color-background"}))
    if column.decimals is not None:
        values.append(("decimals", column.decimals))
    return [models.DynamicConfigValue(id_val=name, value=value) for name, value in values]


def words(title: str, content: str, *, span: int = 24, height: int = 6) -> text.Panel:
    """A panel of Markdown."""
    return text.Panel().title(title).mode(models_text.TextMode.MARKDOWN).content(content).span(span).height(height)
