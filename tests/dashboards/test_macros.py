"""The macro expander against the examples that the plugin's own source and tests give (4.20)."""

import pytest

from dashboards.macros import ALL, NAMES, MacroError, Range, expand

SPAN = Range(1_415_792_726_123, 1_447_328_726_456, 20_000)
ALIKE = {
    "timeFilter": (
        "$__timeFilter(cast(sth as timestamp) )",
        "cast(sth as timestamp) >= toDateTime(1415792726) AND cast(sth as timestamp) <= toDateTime(1447328726)",
    ),
    "timeFilter_ms": (
        "$__timeFilter_ms(t)",
        "t >= fromUnixTimestamp64Milli(1415792726123) AND t <= fromUnixTimestamp64Milli(1447328726456)",
    ),
    "dateFilter": ("$__dateFilter(d)", "d >= toDate('2014-11-12') AND d <= toDate('2015-11-12')"),
    "dateTimeFilter": (
        "$__dateTimeFilter(d, t)",
        "(d >= toDate('2014-11-12') AND d <= toDate('2015-11-12')) AND"
        " (t >= toDateTime(1415792726) AND t <= toDateTime(1447328726))",
    ),
    "fromTime": ("( t >= $__fromTime )", "( t >= toDateTime(1415792726) )"),
    "toTime": ("$__toTime", "toDateTime(1447328726)"),
    "fromTime_ms": ("$__fromTime_ms", "fromUnixTimestamp64Milli(1415792726123)"),
    "toTime_ms": ("$__toTime_ms", "fromUnixTimestamp64Milli(1447328726456)"),
    "interval_s": ("$__interval_s", "20"),
    "timeInterval": ("$__timeInterval(t)", "toStartOfInterval(toDateTime(t), INTERVAL 20 second)"),
    "timeInterval_ms": ("$__timeInterval_ms(t)", "toStartOfInterval(toDateTime64(t, 3), INTERVAL 20000 millisecond)"),
    "conditionalAll": (
        "$__conditionalAll(a in (${x:singlequote}), $x) and $__conditionalAll(b in (${y:singlequote}), $y)",
        "a in ('p','q\\'r') and 1=1",
    ),
    "adHocFilters": ("settings $__adHocFilters('t', 'u')", "settings additional_table_filters={}"),
    "columns": (
        "$__columns(EventTime, ServiceName as s, count() AS c) FROM requests WHERE s != 'a FROM b'",
        "SELECT toStartOfInterval(toDateTime(EventTime), INTERVAL 20 second) AS t, toString(ServiceName) AS s,"
        " count() AS c"
        " FROM requests WHERE EventTime >= toDateTime(1415792726) AND EventTime <= toDateTime(1447328726)"
        " AND (s != 'a FROM b') GROUP BY t, s ORDER BY t, s",
    ),
    "rateColumns": (
        "$__rateColumns(T, N, sum(R)) FROM requests limit 9",
        "SELECT toStartOfInterval(toDateTime(T), INTERVAL 20 second) AS t, toString(N) AS metric,"
        " if((t - lagInFrame(t, 1, t) OVER w) = 0, nan, sum(R) / (t - lagInFrame(t, 1, t) OVER w)) AS value FROM"
        " requests"
        " WHERE T >= toDateTime(1415792726) AND T <= toDateTime(1447328726) GROUP BY t, metric"
        " WINDOW w AS (PARTITION BY metric ORDER BY t ASC ROWS BETWEEN 1 PRECEDING AND CURRENT ROW) ORDER BY t,"
        " metric limit 9",
    ),
    "perSecondColumns": (
        "$__perSecondColumns(T, N, R) FROM requests",
        "SELECT toStartOfInterval(toDateTime(T), INTERVAL 20 second) AS t, toString(N) AS metric,"
        " if((t - lagInFrame(t, 1, t) OVER w) = 0 OR (max(R) - lagInFrame(max(R), 1, max(R)) OVER w) < 0, nan,"
        " (max(R) - lagInFrame(max(R), 1, max(R)) OVER w) / (t - lagInFrame(t, 1, t) OVER w)) AS value FROM requests"
        " WHERE T >= toDateTime(1415792726) AND T <= toDateTime(1447328726) GROUP BY t, metric"
        " WINDOW w AS (PARTITION BY metric ORDER BY t ASC ROWS BETWEEN 1 PRECEDING AND CURRENT ROW) ORDER BY t, metric",
    ),
    "increaseColumns": (
        "$__increaseColumns(T, N, R) FROM requests",
        "SELECT toStartOfInterval(toDateTime(T), INTERVAL 20 second) AS t, toString(N) AS metric,"
        " if((t - lagInFrame(t, 1, t) OVER w) = 0 OR (max(R) - lagInFrame(max(R), 1, max(R)) OVER w) < 0, nan,"
        " toFloat64(max(R) - lagInFrame(max(R), 1, max(R)) OVER w)) AS value FROM requests"
        " WHERE T >= toDateTime(1415792726) AND T <= toDateTime(1447328726) GROUP BY t, metric"
        " WINDOW w AS (PARTITION BY metric ORDER BY t ASC ROWS BETWEEN 1 PRECEDING AND CURRENT ROW) ORDER BY t, metric",
    ),
    "lttb": (
        "with a as (select 1) $__lttb(500, EventTime, avg(Latency) AS l) FROM latencies GROUP BY EventTime",
        "with a as (select 1) SELECT point.1 AS EventTime, point.2 AS l FROM (SELECT arrayJoin(lttb(500)(EventTime,"
        " l)) AS point FROM"
        " (SELECT EventTime, avg(Latency) AS l FROM latencies WHERE EventTime >= toDateTime(1415792726) AND"
        " EventTime <= toDateTime(1447328726) GROUP BY EventTime ORDER BY EventTime)) ORDER BY EventTime",
    ),
}


def test_all_eighteen_are_there() -> None:
    assert set(ALIKE) == set(NAMES)
    assert len(NAMES) == 18


@pytest.mark.parametrize("name", ALIKE)
def test_a_macro_expands_as_in_the_plugin(name: str) -> None:
    text, wanted = ALIKE[name]
    assert expand(text, SPAN, {"x": ["p", "q'r"], "y": ALL}) == wanted


def test_buckets_of_lttb_follow_the_range() -> None:
    text = expand("$__lttb(auto, t, y) FROM x WHERE a = 1 ORDER BY t", SPAN)
    assert text.startswith(
        "SELECT point.1 AS t, point.2 AS y FROM (SELECT arrayJoin(lttb(1576800)(t, y)) AS point FROM x WHERE "
    )
    assert text.endswith("AND (a = 1) ORDER BY t) ORDER BY t")


def test_macros_in_macros_expand_first() -> None:
    text = expand("where $__timeFilter($__timeInterval(t))", SPAN)
    assert text.count("toStartOfInterval(toDateTime(t), INTERVAL 20 second)") == 2
    assert "$__" not in text


@pytest.mark.parametrize(
    "text", ["-- $__lttb(10, a, b)\nselect 1", "/* $__columns(a) */ select 1", "select '$__columns(a, b, c)'"]
)
def test_a_macro_in_a_comment_or_a_text_is_none(text: str) -> None:
    assert expand(text, SPAN).strip() in ("select 1", text)


def test_what_is_not_known_stays() -> None:
    assert expand("select $__nothing(a), $nobody", SPAN) == "select $__nothing(a), $nobody"


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("select $__timeFilter()", "1 argument"),
        ("select $__dateTimeFilter(d)", "2 argument"),
        ("$__columns(a, b) FROM t", "3 argument"),
        ("$__columns FROM t", "3 argument"),
        ("$__lttb(ten, a, b) FROM t", "buckets"),
        ("$__columns(a, b, c)", "FROM"),
        ("$__columns(a, b, c) FROM t GROUP BY b", "GROUP BY"),
        ("$__columns(a, b, c) FROM t ORDER BY t HAVING c > 1", "having"),
        ("select * from ($__columns(a, b, c) FROM t)", "top level"),
        ("$__columns(a, b, c) FROM t union all $__lttb(1, a, b) FROM t", "only one"),
        ("select $__conditionalAll(a)", "condition and a variable"),
    ],
)
def test_what_the_plugin_refuses_is_refused(text: str, said: str) -> None:
    with pytest.raises((MacroError, ValueError), match=said):
        expand(text, SPAN)
