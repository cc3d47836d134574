"""Panel queries as ClickHouse gets them: Grafana's template variables, and the 18 macros of its ClickHouse data source.

What the data source (4.20) does with a query, done again for tests and benchmarks, in its order: in the browser
`$__conditionalAll`, the variables and `$__adHocFilters`; in the plugin comments become blanks, then at most one
statement macro (`dashboards/statement_macros.py`) takes the rest of the query, then all others expand, inner first.
Unknown macros stay as they are, and ClickHouse refuses them. Checked against the examples of the plugin's own source
(github.com/grafana/clickhouse-datasource: pkg/macros, src/data/CHDatasource.ts).
"""

import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime

from dashboards.statement_macros import expand_statement
from dashboards.text import arguments, blank_comments, closing

ALL = "$__all"
NAMES = (
    "dateFilter",
    "timeFilter",
    "timeFilter_ms",
    "dateTimeFilter",
    "fromTime",
    "toTime",
    "fromTime_ms",
    "toTime_ms",
    "interval_s",
    "timeInterval",
    "timeInterval_ms",
    "conditionalAll",
    "columns",
    "rateColumns",
    "perSecondColumns",
    "increaseColumns",
    "lttb",
    "adHocFilters",
)

_MACRO = re.compile(r"\$__(\w+)")
_VARIABLE = re.compile(r"\$\{(\w+)(?::(\w+))?\}|\$(?!__)(\w+)")


class MacroError(ValueError):
    """A macro with the wrong number of arguments, or where it must not stand."""


@dataclass(frozen=True)
class Range:
    """What a panel asks about: its range, and the width of one point."""

    from_ms: int
    to_ms: int
    interval_ms: int = 1000

    @property
    def interval_s(self) -> int:
        """Whole seconds, at least one."""
        return max(self.interval_ms // 1000, 1)


def expand(
    sql: str,
    span: Range,
    variables: Mapping[str, Sequence[str] | str] | None = None,
    *,
    every: Mapping[str, Sequence[str]] | None = None,
    filters: str = "",
) -> str:
    """The query as it is sent. `variables`: chosen values, one value as text, or ALL; `every`: what All stands for.

    >>> expand("select $__interval_s where $__conditionalAll(a = ${x:singlequote}, $x)", Range(0, 9, 2000), {"x": "b"})
    "select 2 where a = 'b'"
    """
    chosen = variables or {}
    text = _conditional_all(sql, chosen)
    text = _interpolate(text, chosen, every or {})
    text = _ad_hoc_filters(text, filters)
    return _macros(expand_statement(blank_comments(text), span), span)


def _conditional_all(sql: str, chosen: Mapping[str, Sequence[str] | str]) -> str:
    macro = "$__conditionalAll("
    while (start := sql.rfind(macro)) >= 0:
        opening = start + len(macro) - 1
        end = closing(sql, opening)
        parts = arguments(sql[opening + 1 : end])
        if len(parts) != 2:
            raise MacroError(f"$__conditionalAll takes a condition and a variable, got {len(parts)} arguments")
        named = re.search(r"\$\{?(\w+)", parts[1])
        condition = "1=1" if named and chosen.get(named[1]) in (ALL, [ALL], "", []) else parts[0].strip()
        sql = sql[:start] + condition + sql[end + 1 :]
    return sql


def _interpolate(sql: str, chosen: Mapping[str, Sequence[str] | str], every: Mapping[str, Sequence[str]]) -> str:
    def value(match: re.Match[str]) -> str:
        name = match[1] or match[3]
        if name not in chosen:
            return match[0]  # Grafana leaves what it does not know
        picked = every[name] if chosen[name] in (ALL, [ALL]) else chosen[name]
        return _formatted([picked] if isinstance(picked, str) else list(picked), match[2], isinstance(picked, str))

    return _VARIABLE.sub(value, sql)


def _formatted(values: list[str], form: str | None, single: bool) -> str:
    quoted = ",".join("'" + value.replace("'", "\\'") + "'" for value in values)
    if form == "singlequote":
        return quoted
    if form in ("raw", "csv") or (form is None and single):
        return ",".join(values)
    if form is None:
        return "'" + "','".join(values) + "'"  # the data source's own way, which quotes and does not escape
    raise MacroError(f"format {form!r} of a variable is not one of ours: singlequote, raw, csv")


def _ad_hoc_filters(sql: str, filters: str) -> str:
    def applied(match: re.Match[str]) -> str:
        tables = re.findall(r"['\"]([^'\"]+)['\"]", match[1])
        if not tables:
            return match[0]
        each = ", ".join(f"'{table}': '{filters}'" for table in tables) if filters else ""
        return f"additional_table_filters={{{each}}}"

    return re.sub(r"\$__adHocFilters\s*\(([^)]+)\)", applied, sql)


def _macros(sql: str, span: Range) -> str:
    found = [match for match in _MACRO.finditer(sql) if match[1] in EXPRESSIONS]
    for match in reversed(found):  # from the end: what stands inside another comes after its name
        count, write = EXPRESSIONS[match[1]]
        end, given = match.end(), []
        if end < len(sql) and sql[end] == "(":
            end = closing(sql, end) + 1
            given = arguments(sql[match.end() + 1 : end - 1])
        if count and len(given) != count:
            raise MacroError(f"$__{match[1]} expected {count} argument(s), received {len(given)}")
        sql = sql[: match.start()] + write(span, given) + sql[end:]
    return sql


def _seconds(ms: int) -> str:
    return f"toDateTime({ms // 1000})"


def _millis(ms: int) -> str:
    return f"fromUnixTimestamp64Milli({ms})"


def _day(ms: int) -> str:
    return f"toDate('{datetime.fromtimestamp(ms / 1000, UTC):%Y-%m-%d}')"


def _within(column: str, span: Range, literal: Callable[[int], str]) -> str:
    return f"{column} >= {literal(span.from_ms)} AND {column} <= {literal(span.to_ms)}"


def _day_and_time(span: Range, given: list[str]) -> str:
    return f"({_within(given[0], span, _day)}) AND ({_within(given[1], span, _seconds)})"


def _bucket_s(span: Range, given: list[str]) -> str:
    return f"toStartOfInterval(toDateTime({given[0]}), INTERVAL {span.interval_s} second)"


def _bucket_ms(span: Range, given: list[str]) -> str:
    return f"toStartOfInterval(toDateTime64({given[0]}, 3), INTERVAL {max(span.interval_ms, 1)} millisecond)"


EXPRESSIONS: Mapping[str, tuple[int, Callable[[Range, list[str]], str]]] = {
    "fromTime": (0, lambda span, _: _seconds(span.from_ms)),
    "toTime": (0, lambda span, _: _seconds(span.to_ms)),
    "fromTime_ms": (0, lambda span, _: _millis(span.from_ms)),
    "toTime_ms": (0, lambda span, _: _millis(span.to_ms)),
    "interval_s": (0, lambda span, _: str(span.interval_s)),
    "timeFilter": (1, lambda span, given: _within(given[0], span, _seconds)),
    "timeFilter_ms": (1, lambda span, given: _within(given[0], span, _millis)),
    "dateFilter": (1, lambda span, given: _within(given[0], span, _day)),
    "dateTimeFilter": (2, _day_and_time),
    "timeInterval": (1, _bucket_s),
    "timeInterval_ms": (1, _bucket_ms),
}
