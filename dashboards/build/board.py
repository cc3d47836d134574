"""What all boards share: variables, links to each other, marks of regime changes, how often they ask."""

from collections.abc import Sequence
from typing import Any

from grafana_foundation_sdk.builders.dashboard import (
    AnnotationQuery,
    CustomVariable,
    Dashboard,
    DashboardLink,
    QueryVariable,
    Row,
)
from grafana_foundation_sdk.cog import builder, variants
from grafana_foundation_sdk.models.dashboard import (
    DashboardCursorSync,
    DashboardLinkType,
    VariableOption,
    VariableRefresh,
    VariableSort,
)

from dashboards.build.clickhouse import KIND, PLUGIN_VERSION, SOURCE, TABLE, ClickHouseQuery, statement

TAG = "barograph"
TIMEFRAMES = ("ultra_short", "short", "medium", "long")


def board(
    name: str,
    title: str,
    description: str,
    variables: Sequence[Any],
    *,
    refresh: str = "5s",
    since: str = "now-15m",
    changes: bool = True,
) -> Dashboard:
    """A board without panels, of uid `barograph-<name>`. `changes`: mark regime changes of its instruments."""
    made = Dashboard(title).uid(f"barograph-{name}").description(description).tags([TAG]).editable()
    made.time(since, "now").timezone("browser").refresh(refresh).tooltip(DashboardCursorSync.CROSSHAIR)
    made.links([_to_all_boards()])
    for variable in variables:
        made.with_variable(variable)
    if changes:
        made.annotation(_regime_changes())
    return made


def row(made: Dashboard, title: str, *panels: Any) -> None:
    """A row of panels under its title."""
    made.with_row(Row(title))
    for panel in panels:
        made.with_panel(panel)


def asked(name: str, label: str, description: str, *, many: bool = True) -> QueryVariable:
    """A variable whose values are asked of the store; `many`: several, or all of them."""
    text = statement("variables", name)
    query: dict[str, object] = {"rawSql": text, "editorType": "sql", "format": TABLE, "refId": name}
    made = QueryVariable(name).label(label).description(description).datasource(SOURCE)
    made.query({**query, "pluginVersion": PLUGIN_VERSION}).definition(text)
    made.refresh(VariableRefresh.ON_TIME_RANGE_CHANGED).sort(VariableSort.DISABLED).multi(many).include_all(many)
    if many:
        made.current(VariableOption(text=["All"], value=["$__all"], selected=True))
    return made


def venue(*, many: bool = True) -> QueryVariable:
    """Which exchanges."""
    return asked("venue", "Venue", "Exchange or market segment, such as binance-usdm", many=many)


def instrument(*, many: bool = True) -> QueryVariable:
    """Which instruments of these exchanges."""
    return asked("instrument", "Instrument", "Symbol as the venue spells it", many=many)


def account(*, many: bool = False) -> QueryVariable:
    """Which trading account."""
    return asked("account", "Account", "Trading account", many=many)


def timeframe(*, many: bool = True) -> CustomVariable:
    """Which timeframes of regimes."""
    made = CustomVariable("timeframe").label("Timeframe").values(",".join(TIMEFRAMES)).multi(many).include_all(many)
    made.description("ultra_short (1s bars), short (1m), medium (1h) or long (1d), where settings do not say otherwise")
    first = VariableOption(text=["All"], value=["$__all"], selected=True)
    one = VariableOption(text=TIMEFRAMES[0], value=TIMEFRAMES[0], selected=True)
    options = [
        VariableOption(text=name, value=name, selected=not many and not at) for at, name in enumerate(TIMEFRAMES)
    ]
    return made.options(options).current(first if many else one)


def address(name: str, query: str = "") -> str:
    """Of another board, with time range and venue kept."""
    kept = "${__url_time_range}&${venue:queryparam}"
    return f"/d/barograph-{name}?{kept}" + (f"&{query}" if query else "")


def _to_all_boards() -> DashboardLink:
    made = DashboardLink("Boards").type(DashboardLinkType.DASHBOARDS).tags([TAG]).as_dropdown(True)
    return made.include_vars(True).keep_time(True).icon("external link")


def _regime_changes() -> AnnotationQuery:
    made = AnnotationQuery().name("Regime changes").datasource(SOURCE).enable(True).icon_color("#8e6bd1")
    return made.target(_Built(ClickHouseQuery("Regime changes", statement("variables", "regime_changes"), TABLE)))


class _Built(builder.Builder[variants.Dataquery]):
    """A builder of what is built already."""

    def __init__(self, what: ClickHouseQuery) -> None:
        self._what = what

    def build(self) -> ClickHouseQuery:
        """It."""
        return self._what


__all__ = ["KIND", "TAG"]
