"""The picture of a backtest: equity with the regimes under it, the drawdown, what was held, and results by regime.

Equity is drawn net of costs (dark), before costs (light), and, where there are variants, all of them (grey) and what
the walk-forward folds would have chosen, out of sample (orange). Work and size are bounded by COLUMNS.
"""

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import matplotlib as mpl
import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.ticker import FixedFormatter, FixedLocator, FuncFormatter, MaxNLocator
from numpy.typing import NDArray

from flows import regime_palette as palette
from flows.backtest.figures import COSTS
from flows.backtest.folds import Fold
from flows.backtest.page import verdict
from flows.backtest.report import Report
from flows.backtest.trials import Trials
from flows.regime_axis import Axis, axis_of
from flows.regime_palette import DPI, STATES, word
from flows.regime_views import NOT_KNOWN
from market.regimes import VIEWS

INCHES = (16.0, 10.0)
LEFT, RIGHT = 0.062, 0.80
COLUMNS = 1_500  # points from left to right, at most
NET, GROSS, OTHERS, CHOSEN, FALL, HELD = "#20579a", "#8fb3dc", "#d5d8dc", "#d2613c", "#c9543a", "#9d8cc9"
MOST_LINES = 60

Floats = NDArray[np.float64]


def save(report: Report, trials: Trials, folds: Sequence[Fold], path: Path) -> None:
    """Draw the report into a PNG; the same report gives the same bytes."""
    with mpl.rc_context(palette.STYLE):  # type: ignore[arg-type]
        draw(report, trials, folds).savefig(path, dpi=DPI, format="png", metadata={"Software": "barograph"})


def draw(report: Report, trials: Trials, folds: Sequence[Fold]) -> Figure:
    """The figure."""
    run = trials.runs[trials.chosen]
    times = run.periods["time"].to_numpy()
    shown = np.unique(np.linspace(0, len(times) - 1, min(len(times), COLUMNS)).round().astype(np.int64))
    axis = axis_of(times, trials.period_ns)
    figure = Figure(figsize=INCHES, facecolor="white")
    _head(figure, report)
    heights = [5.0, 0.26, 0.26, 0.26, 1.5, 1.3]
    edges = {"left": LEFT, "right": RIGHT, "top": 0.88, "bottom": 0.05}
    grid = figure.add_gridspec(len(heights), 1, height_ratios=heights, hspace=0.13, **edges)
    equity = figure.add_subplot(grid[0])
    rows = [figure.add_subplot(grid[row], sharex=equity) for row in range(1, len(heights))]
    for panel in (equity, *rows):
        panel.spines[:].set_visible(False)
        panel.tick_params(length=0, labelbottom=panel is rows[-1])
    _equity(equity, axis, trials, folds, shown)
    for panel, view in zip(rows[:3], VIEWS, strict=True):
        _ribbon(panel, axis, trials, view)
    _drawdown(rows[3], axis, trials, shown)
    _held(rows[4], axis, trials, shown)
    rows[-1].xaxis.set_major_locator(FixedLocator(axis.ticks))
    rows[-1].xaxis.set_major_formatter(FixedFormatter(axis.labels))
    rows[-1].tick_params(axis="x", pad=5)
    equity.set_xlim(axis.edges[0], axis.edges[-1])
    _results(figure, report)
    return figure


def _head(figure: Figure, report: Report) -> None:
    asked = report["backtest"]
    first, last = (asked[name][:16].replace("T", " ") for name in ("from", "to"))
    title = asked["name"] if len(asked["name"]) <= 60 else f"{asked['name'][:57]}…"
    figure.text(LEFT, 0.962, f"Backtest of {title}", fontsize=17, fontweight="bold", va="center")
    shown = f"{first} to {last} UTC · {report['variant']} · {asked['capital']:,.0f} of capital"
    figure.text(LEFT, 0.934, shown, fontsize=11, color=palette.SOFT, va="center")
    figure.text(LEFT, 0.912, verdict(report), fontsize=11, color=palette.SOFT, va="center")


def _equity(panel: Axes, axis: Axis, trials: Trials, folds: Sequence[Fold], shown: NDArray[np.int64]) -> None:
    """Equity of the variant that is reported, net and gross, above that of the others; percent of capital."""
    x = axis.edges[1:][shown]
    others = [number for number in range(len(trials.runs)) if number != trials.chosen][:MOST_LINES]
    for number in others:
        panel.plot(x, _net(trials, number)[shown], color=OTHERS, linewidth=0.8)
    run = trials.runs[trials.chosen]
    costs = sum(run.periods[name].to_numpy().cumsum() for name in COSTS) / run.capital * 100.0
    net = _net(trials, trials.chosen)
    panel.axhline(0.0, color=palette.FAINT, linewidth=0.8)
    panel.plot(x, (net + costs)[shown], color=GROSS, linewidth=1.2)
    panel.plot(x, net[shown], color=NET, linewidth=1.8)
    labels = [("net of costs", NET), ("before costs", GROSS)]
    if others:
        _chosen_later(panel, axis, trials, folds)
        labels += [("out of sample", CHOSEN), (f"{len(others)} other variants", palette.FAINT)]
    for number, (label, colour) in enumerate(labels):
        panel.text(0.008 + 0.115 * number, 0.965, f"— {label}", color=colour, fontsize=10, fontweight="bold",
                   transform=panel.transAxes, va="center")  # fmt: skip
    panel.margins(y=0.12)
    panel.yaxis.set_major_locator(MaxNLocator(7))
    panel.yaxis.set_major_formatter(FuncFormatter(lambda value, _: f"{value:+.4g} %" if value else "0"))
    panel.grid(axis="y", color=palette.LINE, linewidth=0.7)
    panel.set_axisbelow(True)


def _net(trials: Trials, number: int) -> Floats:
    run = trials.runs[number]
    found: Floats = (run.periods["equity"].to_numpy() / run.capital - 1.0) * 100.0
    return found


def _chosen_later(panel: Axes, axis: Axis, trials: Trials, folds: Sequence[Fold]) -> None:
    """What the folds chose, out of sample: compounded from where the first fold begins."""
    level = 1.0
    for fold in folds:
        places = np.arange(fold.judged_from, fold.judged_until)
        grown = level * np.cumprod(1.0 + trials.returns[places, fold.variant])
        panel.plot(axis.edges[1:][places], (grown - 1.0) * 100.0, color=CHOSEN, linewidth=1.4)
        level = float(grown[-1])


def _ribbon(panel: Axes, axis: Axis, trials: Trials, view: str) -> None:
    """The state that the first instrument held when each period began."""
    parts = trials.runs[trials.chosen].parts
    times = trials.runs[trials.chosen].periods["time"].to_numpy()
    codes = np.full(len(times), NOT_KNOWN)
    if len(parts):
        first = parts.filter(parts["instrument"] == parts["instrument"][0])
        places = np.searchsorted(times, first["time"].to_numpy())
        words = [regime.split("/") for regime in first["regime"].to_list()]
        codes[places] = [next((n for n, state in enumerate(VIEWS[view]) if state in held), NOT_KNOWN) for held in words]
    for code, state in enumerate(VIEWS[view]):
        edges = np.flatnonzero(np.diff(np.concatenate([[0], codes == code, [0]]).astype(np.int8)))
        spans = [(axis.edges[low], axis.edges[high] - axis.edges[low]) for low, high in edges.reshape(-1, 2)]
        panel.broken_barh(spans, (0, 1), facecolors=STATES[state], linewidth=0)
    panel.set_facecolor(palette.GROUND)
    panel.set_ylim(0, 1)
    panel.set_yticks([])
    word(panel, -0.006, 0.47, view, size=9.5, colour=palette.SOFT, align="right")


def _drawdown(panel: Axes, axis: Axis, trials: Trials, shown: NDArray[np.int64]) -> None:
    run = trials.runs[trials.chosen]
    equity = run.periods["equity"].to_numpy()
    lost = (equity / np.maximum(np.maximum.accumulate(equity), run.capital) - 1.0) * 100.0
    panel.fill_between(axis.edges[1:][shown], lost[shown], 0.0, color=FALL, alpha=0.55, linewidth=0)
    panel.set_ylim(min(float(lost.min()) * 1.1, -0.01), 0.0)
    _small(panel, "drawdown")


def _held(panel: Axes, axis: Axis, trials: Trials, shown: NDArray[np.int64]) -> None:
    run = trials.runs[trials.chosen]
    held = run.periods["gross"].to_numpy() / run.capital * 100.0
    panel.fill_between(axis.edges[1:][shown], held[shown], 0.0, color=HELD, alpha=0.7, linewidth=0)
    panel.set_ylim(0.0, max(float(held.max()) * 1.15, 0.01))
    _small(panel, "held")


def _small(panel: Axes, name: str) -> None:
    panel.yaxis.set_major_locator(MaxNLocator(3))
    panel.yaxis.set_major_formatter(FuncFormatter(lambda value, _: f"{value:.4g} %" if value else "0"))
    panel.grid(axis="y", color=palette.LINE, linewidth=0.7)
    panel.set_axisbelow(True)
    word(panel, 0.004, 0.12 if name == "drawdown" else 0.88, name, size=9.5, colour=palette.SOFT)


def _results(figure: Figure, report: Report) -> None:
    """Figures at the right: of the whole, then the return of each regime as a bar."""
    figures = report["figures"]
    lines = (
        ("return", _told(figures["return"], 100, "+.2f", " %")),
        ("max drawdown", _told(figures["max_drawdown"], 100, ".2f", " %")),
        ("Sharpe", f"{_told(figures['sharpe'], 1, '.2f')} ± {_told(figures['sharpe_error'], 1, '.2f')}"),
        ("deflated Sharpe", _told(figures["deflated_sharpe"], 100, ".1f", " %")),
        ("overfitted", _told(report["overfitting"]["probability"], 100, ".0f", " %")),
        ("turnover", _told(figures["turnover"], 1, ",.1f", " ×")),
        ("costs", _told(figures["costs"], 100, ".3f", " %")),
        ("  fees", _told(figures["cost_fee"], 100, ".3f", " %")),
        ("  spread", _told(figures["cost_spread"], 100, ".3f", " %")),
        ("  impact", _told(figures["cost_impact"], 100, ".3f", " %")),
        ("fills", _told(figures["fills"], 1, ",.0f")),
    )
    figure.text(0.822, 0.868, "What it came to", fontsize=11, fontweight="bold", va="center")
    for number, (name, value) in enumerate(lines):
        height = 0.838 - 0.0255 * number
        figure.text(0.822, height, name, fontsize=10.5, color=palette.SOFT, va="center")
        figure.text(0.978, height, value, fontsize=10.5, va="center", ha="right")
    panel = figure.add_axes((0.872, 0.05, 0.106, 0.46))
    _bars(panel, report["by_regime"])
    word(panel, -0.475, 1.03, "Return by regime", size=11, weight="bold")


def _bars(panel: Axes, sections: dict[str, Any]) -> None:
    states = list(reversed(sections))
    values = [(sections[state].get("return") or 0.0) * 100.0 for state in states]
    names = [state.rpartition("/")[2] for state in states]
    colours = [STATES.get(name, palette.FAINT) for name in names]
    panel.barh(range(len(states)), values, color=colours, height=0.72)
    panel.axvline(0.0, color=palette.FAINT, linewidth=0.8)
    panel.spines[:].set_visible(False)
    panel.tick_params(length=0)
    panel.set_yticks(range(len(states)), names, fontsize=10)
    room = max(map(abs, values), default=0.0) or 1.0
    panel.set_xlim(-1.15 * room, 1.15 * room)
    panel.set_ylim(-0.6, len(states) - 0.4)
    panel.xaxis.set_major_locator(MaxNLocator(3))
    panel.xaxis.set_major_formatter(FuncFormatter(lambda value, _: f"{value:+.3g} %" if value else "0"))


def _told(value: float | None, scale: float, form: str, unit: str = "") -> str:
    return "–" if value is None else f"{value * scale:{form}}{unit}"
