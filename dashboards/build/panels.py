"""The kinds of panel that boards are made of, each with its defaults said once: titles say what, descriptions how."""

from collections.abc import Mapping
from typing import Any, TypeVar

from grafana_foundation_sdk.builders import common, stat, statetimeline, table, timeseries
from grafana_foundation_sdk.builders.dashboard import FieldColor, ThresholdsConfig
from grafana_foundation_sdk.models import common as shapes
from grafana_foundation_sdk.models.dashboard import DataTransformerConfig, DynamicConfigValue, FieldColorModeId

from dashboards.build.clickhouse import SERIES, SOURCE, TABLE, Query
from dashboards.build.colours import ALL_STATES, worded

Property = DynamicConfigValue
P = TypeVar("P", timeseries.Panel, statetimeline.Panel, stat.Panel, table.Panel)


class Of:
    """Panels of one board: `name` is the file of the query, `width` of 24, `height` in rows of 30 pixels."""

    def __init__(self, board: str) -> None:
        self._board = board

    def lines(
        self,
        name: str,
        title: str,
        description: str,
        *,
        unit: str = "short",
        width: int = 12,
        height: int = 8,
        decimals: float | None = None,
        low: float | None = None,
        high: float | None = None,
        label: str = "",
        zero: bool = False,
        log: bool = False,
        legend: bool = True,
        fill: int = 0,
        shape: int = SERIES,
        points: bool = False,
        steps: bool = False,
        interval: str = "1s",
    ) -> timeseries.Panel:
        """Lines over time. `label`: the text column that names a series, where one column of numbers is shown."""
        panel = timeseries.Panel().line_width(1).fill_opacity(fill).span_nulls(False)
        panel.show_points(shapes.VisibilityMode.ALWAYS if points else shapes.VisibilityMode.NEVER)
        panel.line_interpolation(shapes.LineInterpolation.STEP_AFTER if steps else shapes.LineInterpolation.LINEAR)
        panel.tooltip(
            common.VizTooltipOptions().mode(shapes.TooltipDisplayMode.MULTI).sort(shapes.SortOrder.DESCENDING)
        )
        panel.legend(_legend(shown=legend)).axis_centered_zero(zero).interval(interval)
        if log:
            panel.scale_distribution(common.ScaleDistributionConfig().type(shapes.ScaleDistribution.LOG).log(10))
        if label:
            panel.display_name("${__field.labels." + label + "}")
        if low is not None:
            panel.min(low)
        if high is not None:
            panel.max(high)
        return self._finished(panel, name, title, description, unit, decimals, width, height, shape)

    def bars(self, name: str, title: str, description: str, *, stacked: bool = True, **more: Any) -> timeseries.Panel:
        """Bars over time, stacked where they are shares of one thing."""
        panel = self.lines(name, title, description, **more).draw_style(shapes.GraphDrawStyle.BARS).fill_opacity(70)
        return panel.stacking(_stacking(shapes.StackingMode.NORMAL if stacked else shapes.StackingMode.NONE))

    def shares(self, name: str, title: str, description: str, **more: Any) -> timeseries.Panel:
        """Areas that sum to one: probabilities of the states of one view."""
        more = {"unit": "percentunit", "low": 0, "high": 1, **more}
        panel = self.lines(name, title, description, **more).fill_opacity(80).line_width(0)
        return panel.stacking(_stacking(shapes.StackingMode.NORMAL))

    def states(
        self,
        name: str,
        title: str,
        description: str,
        *,
        colours: Mapping[str, str] = ALL_STATES,
        width: int = 24,
        height: int = 6,
        by: str = "",
    ) -> statetimeline.Panel:
        """A strip per column of words, or per value of the column `by`; a word lasts until the next of its strip."""
        panel = (
            statetimeline.Panel().span_nulls(True).merge_values(True).fill_opacity(85).line_width(0).row_height(0.85)
        )
        panel.show_value(shapes.VisibilityMode.AUTO).legend(_legend(shown=False)).mappings(worded(colours))
        panel.color_scheme(FieldColor().mode(FieldColorModeId.FIXED).fixed_color("#7d8792"))
        panel.tooltip(common.VizTooltipOptions().mode(shapes.TooltipDisplayMode.SINGLE))
        if by:
            split = {"fields": [by], "keepFields": False, "naming": {"asLabels": True}}
            panel.with_transformation(DataTransformerConfig(id_val="partitionByValues", options=split))
            panel.display_name("${__field.labels." + by + "}")
        return self._finished(panel, name, title, description, None, None, width, height, TABLE)

    def numbers(
        self,
        name: str,
        title: str,
        description: str,
        *,
        units: Mapping[str, str] | None = None,
        names: Mapping[str, str] | None = None,
        bounds: Mapping[str, ThresholdsConfig] | None = None,
        coloured: Mapping[str, str] | None = None,
        width: int = 24,
        height: int = 4,
    ) -> stat.Panel:
        """The newest values of one row, large, a tile per column; by column: unit, name, colours."""
        panel = stat.Panel().graph_mode(shapes.BigValueGraphMode.NONE).no_value("no data")
        panel.reduce_options(
            common.ReduceDataOptions().calcs(["lastNotNull"]).values(False).fields("/.*/" if coloured else "")
        )
        panel.color_mode(shapes.BigValueColorMode.BACKGROUND if coloured else shapes.BigValueColorMode.VALUE)
        panel.color_scheme(FieldColor().mode(FieldColorModeId.FIXED).fixed_color("text"))
        if coloured:
            panel.mappings(worded(coloured))
        for column in dict.fromkeys([*(units or {}), *(names or {}), *(bounds or {})]):
            said = [Property("unit", units[column])] if units and column in units else []
            said += [Property("displayName", names[column])] if names and column in names else []
            if bounds and column in bounds:
                said += [Property("thresholds", bounds[column].build()), Property("color", {"mode": "thresholds"})]
            panel.override_by_name(column, said)
        return self._finished(panel, name, title, description, None, None, width, height, TABLE)

    def rows(
        self,
        name: str,
        title: str,
        description: str,
        *,
        units: Mapping[str, str] | None = None,
        coloured: Mapping[str, Mapping[str, str]] | None = None,
        width: int = 24,
        height: int = 8,
        links: Mapping[str, tuple[str, str]] | None = None,
        bounds: Mapping[str, ThresholdsConfig] | None = None,
    ) -> table.Panel:
        """A table. Columns by name: their units, colours of their words, links (title, address), colours of numbers."""
        panel = table.Panel().cell_height(shapes.TableCellHeight.SM).filterable(True).no_value("")
        for column, unit in (units or {}).items():
            panel.override_by_name(column, [Property("unit", unit)])
        for column, colours in (coloured or {}).items():
            panel.override_by_name(column, [Property("mappings", worded(colours)), _background()])
        for column, (said, url) in (links or {}).items():
            panel.override_by_name(column, [Property("links", [{"title": said, "url": url}])])
        for column, limits in (bounds or {}).items():
            panel.override_by_name(
                column,
                [Property("thresholds", limits.build()), _background(), Property("color", {"mode": "thresholds"})],
            )
        return self._finished(panel, name, title, description, None, None, width, height, TABLE)

    def _finished(
        self,
        panel: P,
        name: str,
        title: str,
        description: str,
        unit: str | None,
        decimals: float | None,
        width: int,
        height: int,
        shape: int,
    ) -> P:
        panel.title(title).description(description).datasource(SOURCE).span(width).height(height)
        if unit is not None:
            panel.unit(unit)
        if decimals is not None:
            panel.decimals(decimals)
        panel.with_target(Query(self._board, name, shape))
        return panel


def coloured(panel: timeseries.Panel, colours: Mapping[str, str]) -> timeseries.Panel:
    """The panel with fixed colours of series, by name of the series."""
    for series, colour in colours.items():
        panel.override_by_name(series, [Property("color", {"mode": "fixed", "fixedColor": colour})])
    return panel


def below_zero(panel: timeseries.Panel, *series: str) -> timeseries.Panel:
    """The panel with some series drawn downwards: asks against bids, sells against buys."""
    for name in series:
        panel.override_by_name(name, [Property("custom.transform", "negative-Y")])
    return panel


def right_axis(panel: timeseries.Panel, unit: str, *series: str) -> timeseries.Panel:
    """The panel with some series on an axis of their own."""
    for name in series:
        panel.override_by_name(name, [Property("custom.axisPlacement", "right"), Property("unit", unit)])
    return panel


def _background() -> Property:
    return Property("custom.cellOptions", {"type": "color-background", "mode": "basic"})


def _legend(*, shown: bool) -> common.VizLegendOptions:
    made = common.VizLegendOptions().show_legend(shown).placement(shapes.LegendPlacement.BOTTOM).calcs([])
    return made.display_mode(shapes.LegendDisplayMode.LIST)


def _stacking(mode: shapes.StackingMode) -> common.StackingConfig:
    return common.StackingConfig().mode(mode).group("A")
