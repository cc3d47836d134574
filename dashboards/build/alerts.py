"""Alert rules: a query each of `sql/alerts`, the bound that it must not pass, and what to say. Silence alarms too.

A query answers with text columns, which become labels, and one number. No data and errors are alarms: whatever cannot
be known is not well. The rules go into a provisioning file, and `barograph dashboards push` sends the same.
"""

from importlib.resources import files
from typing import Any, NamedTuple

from dashboards.build.clickhouse import KIND, PLUGIN_VERSION, SOURCE, TABLE

FOLDER, GROUP, EVERY = "Barograph", "barograph", "1m"


class Rule(NamedTuple):
    """One alarm."""

    name: str  # of its query
    title: str
    above: float
    lasting: str  # how long before it is told
    summary: str
    board: str
    severity: str = "critical"


RULES = (
    Rule(
        "stale_feed",
        "Feed is stale",
        30,
        "1m",
        "No quote of {{ .Labels.instrument }} ({{ .Labels.venue }}) for 30 s or more.",
        "quality",
    ),
    Rule(
        "gap_rate",
        "Many gaps",
        5,
        "0s",
        "More than 5 gaps of {{ .Labels.instrument }} ({{ .Labels.venue }}) in 15 minutes.",
        "quality",
        "warning",
    ),
    Rule(
        "drawdown",
        "Drawdown",
        0.04,
        "0s",
        "Account {{ .Labels.account }} lost more than 4 % of its peak of equity.",
        "portfolio",
    ),
    Rule(
        "latency_p99",
        "Signals are slow",
        100,
        "5m",
        "p99 from receipt to signals is above 100 ms on {{ .Labels.shard }}.",
        "engine",
        "warning",
    ),
    Rule(
        "trading_stopped",
        "Trading is reduced or halted",
        0.5,
        "0s",
        "Account {{ .Labels.account }} may not trade freely.",
        "risk",
    ),
    Rule(
        "orders_unknown",
        "An order is in doubt",
        30,
        "0s",
        "Nobody has known for 30 s what became of an order of account {{ .Labels.account }}.",
        "execution",
    ),
    Rule(
        "venue_differs",
        "A venue's word differed from ours",
        0,
        "0s",
        "Account {{ .Labels.account }}: a position, cash, a fill or an order is not as ours was, in the last hour.",
        "execution",
    ),
    Rule(
        "ledger_unbalanced",
        "The ledger is not in balance",
        0,
        "0s",
        "Postings of account {{ .Labels.account }} of the last day do not sum to 0.",
        "execution",
    ),
    Rule(
        "risk_unmeasured",
        "Risk is not measured",
        1_800,
        "0s",
        "Account {{ .Labels.account }} holds something, and its value at risk was not measured for half an hour.",
        "risk",
    ),
    Rule(
        "roll_ups_behind",
        "Roll-ups are behind",
        120,
        "2m",
        "Rows have been waiting for their roll-up for more than two minutes.",
        "engine",
        "warning",
    ),
    Rule(
        "store_behind",
        "Tables are behind",
        60,
        "2m",
        "What is whole in the tables of {{ .Labels.shard }} is older than a minute.",
        "engine",
    ),
    Rule(
        "proofs_failed",
        "Rows are not accounted for",
        0,
        "0s",
        "A proof of completeness failed in the last day.",
        "quality",
    ),
)


def provisioned() -> dict[str, Any]:
    """The file of Grafana's alert provisioning."""
    group = {"orgId": 1, "name": GROUP, "folder": FOLDER, "interval": EVERY, "rules": [_rule(rule) for rule in RULES]}
    return {"apiVersion": 1, "groups": [group]}


def statement(name: str) -> str:
    """Text of `sql/alerts/<name>.sql`."""
    return (files("sql") / "alerts" / f"{name}.sql").read_text("utf-8")


def _rule(rule: Rule) -> dict[str, Any]:
    return {
        "uid": f"barograph-{rule.name.replace('_', '-')}",
        "title": rule.title,
        "condition": "above",
        "data": [_asked(rule), _compared(rule)],
        "noDataState": "Alerting",
        "execErrState": "Alerting",
        "for": rule.lasting,
        "annotations": {"summary": rule.summary, "board": f"/d/barograph-{rule.board}"},
        "labels": {"system": "barograph", "severity": rule.severity},
    }


def _asked(rule: Rule) -> dict[str, Any]:
    source = {"type": KIND, "uid": SOURCE.uid}
    model = {
        "refId": "value",
        "datasource": source,
        "pluginVersion": PLUGIN_VERSION,
        "editorType": "sql",
        "format": TABLE,
        "rawSql": statement(rule.name),
        "intervalMs": 1000,
        "maxDataPoints": 1000,
    }
    span = {"from": 86_400, "to": 0}
    return {"refId": "value", "relativeTimeRange": span, "datasourceUid": SOURCE.uid, "model": model}


def _compared(rule: Rule) -> dict[str, Any]:
    condition = {"type": "query", "evaluator": {"type": "gt", "params": [rule.above]}}
    model = {"refId": "above", "type": "threshold", "expression": "value", "conditions": [condition]}
    span = {"from": 0, "to": 0}
    return {"refId": "above", "relativeTimeRange": span, "datasourceUid": "__expr__", "model": model}
