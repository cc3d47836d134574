"""The five macros that take the rest of the query and write it anew: `$__columns` and its kin, and `$__lttb`.

They stand where `select` would, at the top level, once; what follows must begin with `from`. Their text holds ordinary
macros again (`$__timeFilter`, `$__timeInterval`), which expand afterwards: seconds, not milliseconds.
"""

import re
from collections.abc import Callable
from typing import Protocol

from dashboards.text import after_quoted, arguments, closing, top_level

_CALL = re.compile(r"\$__(columns|rateColumns|perSecondColumns|increaseColumns|lttb)\b")
_CLAUSE = re.compile(r"(where|group\s+by|having|order\s+by|limit|settings)\b", re.IGNORECASE)
_ALIAS = re.compile(r"as\b", re.IGNORECASE)
_ORDER = ("where", "group by", "having", "order by", "limit", "settings")
_SINCE = "t - lagInFrame(t, 1, t) OVER w"  # seconds since the point before; 0 where there is none


class Span(Protocol):
    """As of dashboards.macros.Range."""

    @property
    def from_ms(self) -> int:
        """Where it begins, ms since 1970."""
        ...

    @property
    def to_ms(self) -> int:
        """Where it ends, ms since 1970."""
        ...

    @property
    def interval_ms(self) -> int:
        """Width of a point."""
        ...


def expand_statement(sql: str, span: Span) -> str:
    """The query with its statement macro written out; the same text where it has none. Comments are blanks already.

    Raises ValueError where one stands in parentheses, more than one stand, or its arguments or clauses do not fit.
    """
    calls = _calls(sql)
    if not calls:
        return sql
    if len(calls) > 1:
        raise ValueError(f"only one statement macro is allowed per query, found {calls[0][0]} and {calls[1][0]}")
    call, depth = calls[0]
    if depth:
        raise ValueError(f"{call[0]} must be at the top level of the query, not inside a subquery")
    if sql[call.end() : call.end() + 1] != "(":
        raise ValueError(f"{call[0]} expected 3 argument(s), received 0")
    end = closing(sql, call.end())
    given = arguments(sql[call.end() + 1 : end])
    if len(given) != 3:
        raise ValueError(f"{call[0]} expected 3 argument(s), received {len(given)}")
    tail = _clauses(call[0], sql[end + 1 :])
    written = _lttb(given, tail, span) if call[1] == "lttb" else _columns(call[1], given, tail)
    return sql[: call.start()] + written


def _calls(sql: str) -> list[tuple[re.Match[str], int]]:
    found, depth, at = [], 0, 0
    while at < len(sql):
        if (after := after_quoted(sql, at)) > at:
            at = after
        elif match := _CALL.match(sql, at):
            found.append((match, depth))
            at = match.end()
        else:
            depth = max(depth + (sql[at] == "(") - (sql[at] == ")"), 0)
            at += 1
    return found


def _clauses(macro: str, tail: str) -> dict[str, str]:
    """Clauses by name with their keyword (`where`: without it); `from` is all up to the first of them."""
    tail = tail.strip().removesuffix(";").strip()
    if not re.match(r"from\b", tail, re.IGNORECASE):
        raise ValueError(f"{macro} must be followed by a FROM clause")
    found = {re.sub(r"\s+", " ", match[1].lower()): match for match in reversed(top_level(tail, _CLAUSE))}
    names = [name for name in _ORDER if name in found]
    starts = [found[name].start() for name in names]
    if starts != sorted(starts):
        raise ValueError(f"{macro}: clauses must stand in the order {', '.join(_ORDER)}")
    ends = [*starts[1:], len(tail)][: len(starts)]
    clauses = {name: tail[start:end].strip() for name, start, end in zip(names, starts, ends, strict=True)}
    if "where" in clauses:
        clauses["where"] = clauses["where"][len("where") :].strip()
    return {"from": tail[: starts[0]].strip() if starts else tail, **clauses}


def _aliased(argument: str) -> tuple[str, str]:
    """Expression and alias; the last top-level `as` counts, an alias may be missing."""
    found = top_level(argument, _ALIAS)
    if not found or not found[-1].start():
        return argument.strip(), ""
    return argument[: found[-1].start()].strip(), argument[found[-1].end() :].strip()


def _where(column: str, tail: dict[str, str]) -> str:
    return f"WHERE $__timeFilter({column})" + (f" AND ({tail['where']})" if tail.get("where") else "")


def _columns(name: str, given: list[str], tail: dict[str, str]) -> str:
    if "group by" in tail:
        raise ValueError(f"$__{name} generates its own GROUP BY, remove the GROUP BY clause from the query")
    key, key_alias = _aliased(given[1])
    value, value_alias = _aliased(given[2])
    key_alias, value_alias = key_alias or "metric", value_alias or "value"
    window = f"WINDOW w AS (PARTITION BY {key_alias} ORDER BY t ASC ROWS BETWEEN 1 PRECEDING AND CURRENT ROW)"
    parts = [
        f"SELECT $__timeInterval({given[0]}) AS t, toString({key}) AS {key_alias}, {VALUES[name](value)} AS"
        f" {value_alias}",
        tail["from"],
        _where(given[0], tail),
        f"GROUP BY t, {key_alias}",
        tail.get("having", ""),
        "" if name == "columns" else window,
        tail.get("order by", f"ORDER BY t, {key_alias}"),
        tail.get("limit", ""),
        tail.get("settings", ""),
    ]
    return " ".join(part for part in parts if part)


def _grown(value: str) -> str:
    return f"(max({value}) - lagInFrame(max({value}), 1, max({value})) OVER w)"


VALUES: dict[str, Callable[[str], str]] = {
    "columns": lambda value: value,
    "rateColumns": lambda value: f"if(({_SINCE}) = 0, nan, {value} / ({_SINCE}))",
    "perSecondColumns": lambda value: f"if(({_SINCE}) = 0 OR {_grown(value)} < 0, nan, {_grown(value)} / ({_SINCE}))",
    "increaseColumns": lambda value: (
        f"if(({_SINCE}) = 0 OR {_grown(value)} < 0, nan, toFloat64({_grown(value)[1:-1]}))"
    ),
}


def _lttb(given: list[str], tail: dict[str, str], span: Span) -> str:
    buckets = _buckets(given[0], span)
    (x, x_alias), (y, y_alias) = _named(given[1], "x"), _named(given[2], "y")
    rest = [tail.get(name, "") for name in ("having", "order by", "limit", "settings")]
    if "group by" not in tail:
        inner = [f"SELECT arrayJoin(lttb({buckets})({given[1]}, {given[2]})) AS point", tail["from"], _where(x, tail)]
        source = " ".join(part for part in [*inner, *rest] if part)
        return f"SELECT point.1 AS {x_alias}, point.2 AS {y_alias} FROM ({source}) ORDER BY {x_alias}"
    rest[1] = rest[1] or f"ORDER BY {x_alias}"
    columns = ", ".join(e if e == alias else f"{e} AS {alias}" for e, alias in ((x, x_alias), (y, y_alias)))
    grouped = " ".join(
        part for part in [f"SELECT {columns}", tail["from"], _where(x, tail), tail["group by"], *rest] if part
    )
    return (
        f"SELECT point.1 AS {x_alias}, point.2 AS {y_alias} FROM (SELECT arrayJoin(lttb({buckets})({x_alias},"
        f" {y_alias}))"
        f" AS point FROM ({grouped})) ORDER BY {x_alias}"
    )


def _named(argument: str, otherwise: str) -> tuple[str, str]:
    expression, alias = _aliased(argument)
    bare = re.fullmatch(r"[A-Za-z_]\w*", expression)
    return expression, alias or (expression if bare else otherwise)


def _buckets(argument: str, span: Span) -> str:
    if argument.lower() == "auto":
        return str(max(int((span.to_ms - span.from_ms) / max(span.interval_ms, 1000)), 1))
    if not argument.isdigit() or not argument.strip("0"):
        raise ValueError(f"$__lttb buckets must be a positive integer or 'auto', got {argument!r}")
    return argument
