"""The report of a backtest as one page of a terminal. A dash is a figure that cannot be told; why is said below."""

from collections.abc import Iterator, Mapping
from math import inf
from typing import Any

from rich.console import Group, RenderableType
from rich.padding import Padding
from rich.table import Table
from rich.text import Text

from flows.backtest.report import Report
from flows.regime_text import DIM, MOODS, WAY_STYLES

NONE = "–"
MOST_VARIANTS = 12  # on the page; all are in the files
SECTION = "bold"
LEAST_SURE = 2.0  # standard errors from 0, below which a Sharpe ratio is not to be told from luck


def page(report: Report) -> RenderableType:
    """Everything a person asks first, at most 80 characters wide."""
    asked = report["backtest"]
    first, last = (asked[name][:16].replace("T", " ") for name in ("from", "to"))
    parts: list[RenderableType] = [
        Text.assemble((asked["name"], "bold"), f"  {first} to {last} UTC, {asked['capital']:,.0f} of capital"),
        Text(f"returns over {_period(asked['period_s'])}, {report['figures']['periods']:,.0f} of them", DIM),
        Text(),
        _figures(report["figures"]),
        Text(),
        Text(verdict(report), "yellow" if report["warnings"] else ""),
        Text(),
        _regimes(report["by_regime"], asked["regimes_of"]),
    ]
    if len(report["variants"]) > 1:
        parts += [Text(), _variants(report)]
    parts += [Text(), *_walk(report), *_notes(report)]
    return Group(*parts)


def verdict(report: Report) -> str:
    """What the Sharpe ratio is worth, in a sentence or two."""
    figures, told = report["figures"], []
    ratio, error = figures["sharpe"], figures["sharpe_error"]
    if ratio is None or error is None:
        told.append(f"No Sharpe ratio: {figures['unknown'].get('sharpe', 'it has no error')}.")
    elif abs(ratio) < LEAST_SURE * error:
        told.append(f"A Sharpe ratio of {ratio:.2f} ± {error:.2f} is not to be told from luck.")
    elif ratio < 0:
        told.append(f"It loses, and not by bad luck: a Sharpe ratio of {ratio:.2f} ± {error:.2f}.")
    elif (deflated := figures["deflated_sharpe"]) is not None and deflated < 0.95:
        told.append(
            f"After {figures['trials']:.0f} trials the Sharpe ratio is real with probability {deflated:.0%} only."
        )
    else:
        told.append(f"The Sharpe ratio is {ratio / error:.1f} standard errors above 0.")
    overfitting = report["overfitting"]["probability"]
    if overfitting is not None:
        told.append(f"The choice among the variants is overfitted with probability {overfitting:.0%}.")
    if figures["gross_return"] > 0 > figures["return"]:
        told.append("Costs eat more than all it earns.")
    return " ".join(told)


def _figures(figures: Mapping[str, Any]) -> Table:
    """Three columns of figures side by side."""
    table = Table.grid(padding=(0, 1, 0, 0))
    low, high = figures["sharpe_low"], figures["sharpe_high"]
    between = NONE if low is None or high is None else f"{low:.2f} … {high:.2f}"
    rows = (
        ("return", _share(figures["return"], sign=True), "Sharpe", _error(figures),
         "gross return", _share(figures["gross_return"], sign=True)),
        ("yearly", _share(figures["yearly_return"], sign=True), "95 %", between,
         "fees", _share(figures["cost_fee"], digits=3)),
        ("volatility", _share(figures["yearly_volatility"]), "Sortino", _number(figures["sortino"]),
         "spread", _share(figures["cost_spread"], digits=3)),
        ("drawdown", _share(figures["max_drawdown"]), "probability", _share(figures["probabilistic_sharpe"]),
         "impact", _share(figures["cost_impact"], digits=3)),
        ("under water", _days(figures["longest_drawdown_days"]), "deflated", _share(figures["deflated_sharpe"]),
         "costs", _bps(figures["cost_bps"])),
        ("fills", f"{figures['fills']:,.0f}", "trials", f"{figures['trials']:,.0f}",
         "delay", _bps(figures["delay_bps"])),
        ("hit rate", _share(figures["hit_rate"]), "best by luck", _number(figures["sharpe_of_luck"]),
         "turnover", f"{figures['turnover']:,.1f}×"),
        ("days", f"{figures['days']:,.1f}", "sure after", _days(figures["minimum_track_record_days"]),
         "capacity", _money(figures["capacity"])),
    )  # fmt: skip
    for _ in range(3):
        table.add_column(style=DIM, no_wrap=True)
        table.add_column(justify="right", no_wrap=True)
    for row in rows:
        table.add_row(*(f"  {cell}" if place in (2, 4) else cell for place, cell in enumerate(row)))
    return table


def _regimes(sections: Mapping[str, Mapping[str, Any]], timeframe: str) -> Table:
    table = _table(f"by regime, {timeframe.replace('_', ' ')}", "time", "return", "Sharpe", "drawdown", "turnover",
                   "costs")  # fmt: skip
    for state, found in sections.items():
        view, _, name = state.rpartition("/")
        label = Text(f"  {view} " if view else "  ", DIM).append(name, (MOODS | WAY_STYLES).get(name, ""))
        if not found["periods"]:
            table.add_row(label, Text("never", DIM))
            continue
        costs = sum(found[f"cost_{part}"] for part in ("fee", "spread", "impact"))
        table.add_row(
            label, _share(found["share_of_time"], digits=0), _share(found["return"], sign=True), _error(found),
            _share(found["max_drawdown"]), f"{found['turnover']:,.1f}×", _share(costs, digits=3),
        )  # fmt: skip
    return table


def _variants(report: Report) -> Group:
    """The variants by their Sharpe ratios, the best first, each by its values."""
    names = ", ".join(name.rpartition(".")[2] for name in report["variants"][0]["settings"])
    table = _table("variants", "return", "Sharpe", "drawdown", "turnover", "costs", "fills")
    variants = sorted(report["variants"], key=lambda one: -(one["sharpe"] if one["sharpe"] is not None else -inf))
    for variant in variants[:MOST_VARIANTS]:
        mark = "● " if variant["name"] == report["variant"] else "  "
        table.add_row(
            Text(mark + _values(variant)), _share(variant["return"], sign=True), _error(variant),
            _share(variant["max_drawdown"]), f"{variant['turnover']:,.1f}×", _share(variant["costs"], digits=3),
            f"{variant['fills']:,.0f}",
        )  # fmt: skip
    more = len(variants) - MOST_VARIANTS
    told = f"values of {names}" + (f"; {more} more in variants.parquet" if more > 0 else "")
    return Group(table, Text(f"  {told}", DIM))


def _values(variant: Mapping[str, Any]) -> str:
    return ", ".join(map(str, variant["settings"].values())) or "as set"


def _walk(report: Report) -> Iterator[RenderableType]:
    walk = report["walk_forward"]
    if not walk["folds"]:
        yield Text(f"No walk-forward: {walk['unknown']['folds']}.", DIM)
        return
    short = {variant["name"]: _values(variant) for variant in report["variants"]}
    table = _table("walk-forward, from", "chosen before", "Sharpe then", "return after", "Sharpe after")
    for fold in walk["folds"]:
        inside, outside = fold["in_sample"], fold["out_of_sample"]
        table.add_row(
            Text(f"  {fold['from'][:16].replace('T', ' ')}"), Text(short[fold["variant"]]), _number(inside["sharpe"]),
            _share(outside["return"], sign=True), _error(outside),
        )  # fmt: skip
    joined = walk["joined"]
    told = _share(joined["return"], sign=True), _error(joined)
    table.add_row(Text("  all out of sample", "bold"), "", "", *told)
    yield table


def _notes(report: Report) -> Iterator[RenderableType]:
    """Warnings, assumptions, and why dashes are dashes."""
    notes = [Text(f"! {warning}", "yellow") for warning in report["warnings"]]
    asked = report["backtest"]
    notes += [Text(f"quotes {asked['quotes']}", DIM)] if "quotes" in asked else []
    reasons: dict[str, list[str]] = {}
    for name, reason in report["figures"].get("unknown", {}).items():
        reasons.setdefault(reason, []).append(name)
    notes += [Text(f"– {', '.join(names)}: {reason}", DIM) for reason, names in reasons.items()]
    if unknown := report["overfitting"].get("unknown", {}).get("probability"):
        notes.append(Text(f"– probability of overfitting: {unknown}", DIM))
    if report["lookahead"] is not None:
        notes.append(Text(checked(report["lookahead"]), "red" if report["lookahead"]["differences"] else "green"))
    if notes:
        yield Text()
        yield Padding(Group(*notes), 0)


def checked(found: Mapping[str, Any]) -> str:
    """What the look-ahead check found, in a sentence."""
    cuts = len(found["cuts"])
    if not found["differences"]:
        return f"no look-ahead: {found['rows']:,} rows are the same, bit by bit, with the input cut off at {cuts} times"
    first = min(found["differences"], key=lambda one: str(one["time_ns"]))
    return (
        f"LOOK-AHEAD: {len(found['differences'])} of {cuts} cuts decide otherwise; first in table {first['table']},"
        f" column {first['column']}, at {first['time_ns']}: {first['whole']} with what came later, {first['cut']}"
        f" without (cut at {first['cut_ns']})"
    )


def _table(title: str, *columns: str) -> Table:
    table = Table(box=None, pad_edge=False, header_style=DIM, padding=(0, 1, 0, 0))
    table.add_column(Text(title, SECTION), no_wrap=True)
    for column in columns:
        table.add_column(column, justify="right", no_wrap=True)
    return table


def _period(seconds: float) -> str:
    for size, unit in ((86_400, "day"), (3600, "hour"), (60, "minute"), (1, "second")):
        if seconds >= size:
            count = seconds / size
            return f"one {unit}" if count == 1 else f"{count:g} {unit}s"
    raise AssertionError


def _share(value: float | None, *, sign: bool = False, digits: int = 2) -> str:
    return NONE if value is None else f"{value * 100:{'+' if sign else ''},.{digits}f}%"


def _number(value: float | None) -> str:
    return NONE if value is None else f"{value:,.2f}"


def _error(found: Mapping[str, Any]) -> str:
    return NONE if found["sharpe"] is None else f"{found['sharpe']:,.2f} ± {_number(found['sharpe_error'])}"


def _days(value: float | None) -> str:
    if value is None:
        return NONE
    return f"{value:,.0f} days" if value >= 10 else f"{value:,.2g} days" if value >= 1 else f"{value * 24:,.2g} h"


def _bps(value: float | None) -> str:
    return NONE if value is None else f"{value:,.2f} bps"


def _money(value: float | None) -> str:
    return NONE if value is None else f"{value:,.0f}"
