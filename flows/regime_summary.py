"""What the regimes of a bar file come to, on one page: how often each was held and for how long, and what holds now."""

from collections.abc import Iterator
from math import isfinite
from typing import Any, NamedTuple

import numpy as np
import polars as pl
from rich.console import Group, RenderableType
from rich.table import Table
from rich.text import Text

from flows.regime_text import DIM, MOODS, WAY_STYLES, moment, percent
from flows.regime_views import NOT_KNOWN, View, changes, runs, views_of
from gateway.rows import SECOND_NS

BAR_WIDTH = 24
MOST_EVIDENCE = 8
WITNESSES = ("run_length_bars", "change_point_probability", "anomaly", "agreement")
UNITS = ((86_400.0, "d"), (3600.0, "h"), (60.0, "min"), (1.0, "s"))


class Stay(NamedTuple):
    """One state of a view over all known bars."""

    view: str
    state: str
    share: float  # of the known bars
    stays: int
    mean_bars: float  # of a stay, the last and unfinished one too; NaN where it was never held


def stays(view: View) -> list[Stay]:
    """A row for each state of a view."""
    found = runs(view.held)
    known = int((view.held != NOT_KNOWN).sum())
    rows = []
    for code, state in enumerate(view.states):
        lengths = found.length[found.code == code]
        share = float(lengths.sum()) / max(known, 1)
        rows.append(Stay(view.name, state, share, len(lengths), float(lengths.mean()) if len(lengths) else np.nan))
    return rows


def summary(answer: pl.DataFrame) -> RenderableType:
    """The page; one sentence where no bar has a regime."""
    views, times = views_of(answer), answer["time"].cast(pl.Int64).to_numpy()
    if not any((view.held != NOT_KNOWN).any() for view in views):
        return Text(f"{len(answer):,} bars: too few to know any regime.", "yellow")
    bar_s = float(times[-1] - times[0]) / SECOND_NS / (len(times) - 1)  # with the hours in which a market is closed
    return Group(_table(views, bar_s), Text(), *_now(answer, views, int(times[-1])))


def _table(views: tuple[View, ...], bar_s: float) -> Table:
    table = Table(box=None, pad_edge=False, header_style=DIM)
    for name, justify in (("view", "left"), ("state", "left"), ("share", "right"), ("", "left"), ("stays", "right")):
        table.add_column(name, justify=justify, no_wrap=True)  # type: ignore[arg-type]
    table.add_column("mean stay", justify="right", no_wrap=True)
    table.add_column("", justify="right", no_wrap=True)
    for view in views:
        for number, row in enumerate(stays(view)):
            known = isfinite(row.mean_bars)
            table.add_row(
                _head(view, number),
                Text(row.state, _style(row.state)),
                f"{row.share:.0%}",
                Text("█" * round(BAR_WIDTH * row.share), _style(row.state)),
                f"{row.stays:,}",
                f"{row.mean_bars:,.0f} bars" if known else "",
                duration(row.mean_bars * bar_s) if known else "",
            )
    return table


def _head(view: View, line: int) -> Text:
    """The name of a view before its first state, and how often it changed before the second."""
    if line == 0:
        return Text(view.name, "bold")
    return Text(f"{len(changes(view.held)):,} changes" if line == 1 else "", DIM)


def _style(state: str) -> str:
    return MOODS.get(state) or WAY_STYLES.get(state) or {"trending": "magenta", "reverting": "cyan"}.get(state, DIM)


def _now(answer: pl.DataFrame, views: tuple[View, ...], time_ns: int) -> Iterator[RenderableType]:
    """What holds at the last bar, and what speaks for it."""
    last = answer.row(-1, named=True)
    yield Text.assemble((f"{moment(time_ns)} UTC", "bold"), "  ", last["regime"])
    table = Table.grid(padding=(0, 2, 0, 0))
    for view in views:
        table.add_row(f"  {view.name}", *_held(view, last))
    yield table
    told = {name: last[name] for name in WITNESSES if name in last} | _evidence(last.get("evidence"))
    known = [f"{name} {value:.3g}" for name, value in told.items() if value is not None and isfinite(value)]
    if known:
        evidence = Table.grid(padding=(0, 2, 0, 0))
        evidence.add_row("  evidence  ", Text(", ".join(known), DIM))
        yield evidence


def _held(view: View, last: dict[str, Any]) -> tuple[Text, ...]:
    """The held state and its probability, those of the others, and how long it was held and may yet be."""
    if view.held[-1] == NOT_KNOWN:
        return (Text("warming up", DIM),)
    beliefs = {state: percent(last[f"probability_{state}"]) for state in view.states}
    state = view.states[int(view.held[-1])]
    others = "  ".join(f"{other} {belief}" for other, belief in beliefs.items() if other != state)
    remaining = last.get(f"remaining_{view.name}_s")
    left = "" if remaining is None or not isfinite(remaining) else f", ~{duration(remaining)} left"
    bars = int(runs(view.held).length[-1])
    return Text(f"{state} {beliefs[state]}", _style(state)), Text(others), Text(f"held {bars:,} bars{left}", DIM)


def _evidence(pairs: Any) -> dict[str, float]:
    """The pieces of evidence that say most."""
    known = [(pair["key"], pair["value"]) for pair in pairs or () if isfinite(pair["value"])]
    return dict(sorted(known, key=lambda pair: -abs(pair[1]))[:MOST_EVIDENCE])


def duration(seconds: float) -> str:
    """A length of time in two digits or so, in the unit that suits it.

    >>> duration(45.0), duration(5400.0), duration(86_400 * 38.4)
    ('45 s', '90 min', '38 d')
    """
    for size, unit in UNITS:
        if seconds >= 2 * size or size == 1.0:
            return f"{seconds / size:,.0f} {unit}" if seconds >= 10 * size else f"{seconds / size:.2g} {unit}"
    raise AssertionError
