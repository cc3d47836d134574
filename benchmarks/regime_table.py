"""Tables of judged rows: by family, by system, and the cases that went worst."""

from collections.abc import Callable, Iterable

import numpy as np
from rich.box import SIMPLE
from rich.table import Column, Table

from benchmarks.regime_judge import FORECAST_BARS, Row

Cell = Callable[[list[Row]], str]
WORST = 8


def by_family(rows: list[Row], system: str) -> Table:
    """One system, family by family, and the skill that the others reach there."""
    others = [name for name in systems(rows) if name != system]
    cells = [MEASURES[name] for name in BRIEF.values()]
    table = Table(Column("family", no_wrap=True), "views", *BRIEF, *others, title=f"{system} by family", box=SIMPLE)
    for family in families_of(rows):
        _add(table, family, of_family(rows, family), system, cells, others)
    table.add_section()
    _add(table, "all", rows, system, cells, others)
    return table


def _add(table: Table, title: str, rows: list[Row], system: str, cells: list[Cell], others: list[str]) -> None:
    ours = of(rows, system)
    table.add_row(title, str(len(ours)), *[cell(ours) for cell in cells], *[skill(of(rows, name)) for name in others])


def by_system(rows: list[Row]) -> Table:
    """All systems over all views."""
    table = Table("over all views", *systems(rows), title="systems", box=SIMPLE)
    for name, cell in MEASURES.items():
        table.add_row(name, *[cell(of(rows, system)) for system in systems(rows)])
    return table


def worst(rows: list[Row], system: str) -> Table:
    """The views where the system is furthest from the oracle."""
    table = Table(
        "case", "view", "skill", "balanced accuracy", "oracle's", title=f"where {system} is worst", box=SIMPLE
    )
    judged = [row for row in of(rows, system) if np.isfinite(row.skill)]
    for row in sorted(judged, key=lambda row: row.skill)[:WORST]:
        accuracies = (row.raw.balanced_accuracy, row.oracle.balanced_accuracy)
        table.add_row(row.case, row.view, f"{row.skill:.3f}", *[f"{value:.3f}" for value in accuracies])
    return table


def of(rows: Iterable[Row], system: str) -> list[Row]:
    return [row for row in rows if row.system == system]


def of_family(rows: Iterable[Row], family: str) -> list[Row]:
    return [row for row in rows if row.family == family]


def systems(rows: Iterable[Row]) -> list[str]:
    return list(dict.fromkeys(row.system for row in rows))


def families_of(rows: Iterable[Row]) -> list[str]:
    return list(dict.fromkeys(row.family for row in rows))


def skills(rows: Iterable[Row]) -> list[float]:
    """Of the rows where there is something to tell apart."""
    return [row.skill for row in rows if np.isfinite(row.skill)]


def skill(rows: list[Row]) -> str:
    return mean([row.skill for row in rows], 3)


def held_skill(rows: list[Row]) -> str:
    return mean([row.skill_of(row.held) for row in rows], 3)


def mean(values: list[float], digits: int) -> str:
    known = [value for value in values if np.isfinite(value)]
    return f"{np.mean(known):.{digits}f}" if known else "–"


def ratio(rows: list[Row], ours: Callable[[Row], float], oracles: Callable[[Row], float]) -> str:
    """Of the means over the rows where both are defined."""
    pairs = np.array([(ours(row), oracles(row)) for row in rows])
    pairs = pairs[np.isfinite(pairs).all(axis=1)]
    return f"{pairs[:, 0].mean() / pairs[:, 1].mean():.3f}" if len(pairs) else "–"


def ahead(row: Row, which: str) -> float:
    return getattr(row, which).forecast_skill.get(FORECAST_BARS, np.nan)


def families_mean(rows: list[Row]) -> str:
    return mean(
        [float(np.mean(found)) for family in families_of(rows) if (found := skills(of_family(rows, family)))], 3
    )


def least(share: float) -> Cell:
    return lambda rows: f"{np.quantile(skills(rows), share):.3f}" if skills(rows) else "–"


MEASURES: dict[str, Cell] = {
    "skill (0 coin, 1 oracle)": skill,
    "its standard error": lambda rows: mean([np.std(skills(rows)) / max(1, len(skills(rows))) ** 0.5], 3),
    "mean of families": families_mean,
    "median": least(0.5),
    "10th percentile": least(0.1),
    "least": least(0.0),
    "skill of the held label": held_skill,
    "balanced accuracy / oracle": lambda rows: ratio(
        rows, lambda row: row.raw.balanced_accuracy, lambda row: row.oracle.balanced_accuracy
    ),
    "delay / oracle": lambda rows: ratio(rows, lambda row: row.raw.delay_bars, lambda row: row.oracle.delay_bars),
    "delay of the held label": lambda rows: ratio(
        rows, lambda row: row.held.delay_bars, lambda row: row.oracle.delay_bars
    ),
    "false switches per 1000 bars": lambda rows: mean([row.raw.false_switches for row in rows], 1),
    "of the held label": lambda rows: mean([row.held.false_switches for row in rows], 1),
    "of the oracle": lambda rows: mean([row.oracle.false_switches for row in rows], 1),
    "calibration error": lambda rows: mean([row.raw.calibration_error for row in rows], 3),
    "log loss − oracle": lambda rows: mean([row.raw.log_loss - row.oracle.log_loss for row in rows], 3),
    f"{FORECAST_BARS}-bar forecast skill / oracle": lambda rows: ratio(
        rows, lambda row: ahead(row, "raw"), lambda row: ahead(row, "oracle")
    ),
    "µs per bar and view": lambda rows: mean([row.us_per_bar for row in rows], 1),
}
BRIEF = {
    "skill": "skill (0 coin, 1 oracle)",
    "least": "least",
    "held": "skill of the held label",
    "delay": "delay / oracle",
    "false": "false switches per 1000 bars",
    "held ": "of the held label",
    "oracle": "of the oracle",
    "calibr.": "calibration error",
    "ahead": f"{FORECAST_BARS}-bar forecast skill / oracle",
    "µs": "µs per bar and view",
}
