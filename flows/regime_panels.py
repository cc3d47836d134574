"""The panels of a picture of regimes; each draws one thing on axes that it is given."""

import numpy as np
import polars as pl
from matplotlib.axes import Axes
from matplotlib.collections import LineCollection
from matplotlib.ticker import FixedLocator, FuncFormatter, MaxNLocator, NullFormatter, NullLocator

from flows import regime_palette as palette
from flows.regime_axis import Axis
from flows.regime_palette import SHARE_X, STATES, WORD_X, swatch, word
from flows.regime_thin import Positions, extremes, largest, longest, means
from flows.regime_views import NOT_KNOWN, Floats, View, changes, runs

WITNESSES = {"change_point_probability": ("change point", palette.INK), "anomaly": ("anomaly", "#c2571a")}
MOST_MARKS = 150  # changes with a line each; more would hide what they mark
LOG_FROM = 2.0  # highest over lowest close
CHARACTER_PX = 7.2  # width of one in a ribbon
LADDERS = ((1,), (1, 3), (1, 2, 5), (1, 1.5, 2, 3, 5, 7), (1, 1.2, 1.4, 1.6, 1.8, 2, 2.5, 3, 3.5, 4, 5, 6, 7, 8, 9))


def price(panel: Axes, axis: Axis, close: Floats, views: tuple[View, ...], starts: Positions) -> None:
    """Closes, coloured by the held direction; where stress is held the ground is tinted."""
    shown = extremes(np.where(close > 0, close, np.nan), len(starts))
    x, y = axis.middles[shown], close[shown]
    direction = next((view.held[shown] for view in views if view.name == "direction"), None)
    found = runs(np.full(len(shown), NOT_KNOWN, np.int8) if direction is None else direction)
    lines = [np.column_stack((x[a : b + 1], y[a : b + 1])) for a, b in zip(found.start, found.end, strict=True)]
    coloured = [palette.FAINT if code == NOT_KNOWN else palette.PRICES[code] for code in found.code]
    panel.add_collection(LineCollection(lines, colors=coloured, linewidths=1.5, capstyle="round"))
    for view in views:
        if view.name == "volatility":
            for left, right, code in _stretches(axis, view, starts):
                if view.states[code] == "stressed":
                    panel.axvspan(left, right, color=STATES["stressed"], alpha=0.10, linewidth=0)
    panel.set_xlim(axis.edges[0], axis.edges[-1])
    if len(y):
        _scale(panel, float(y.min()), float(y.max()))
    panel.grid(axis="y", color=palette.LINE, linewidth=0.7)
    panel.set_axisbelow(True)


def _scale(panel: Axes, low: float, high: float) -> None:
    """Logarithmic where prices differ by LOG_FROM or more."""
    pad = 0.04
    if high >= LOG_FROM * low:
        panel.set_yscale("log")
        panel.set_ylim(low * (low / high) ** pad, high * (high / low) ** pad)
        panel.yaxis.set_major_locator(FixedLocator(round_prices(low, high)))
        panel.yaxis.set_minor_locator(NullLocator())
        panel.yaxis.set_minor_formatter(NullFormatter())
        word(panel, 0.004, 0.97, "log scale", size=9, colour=palette.FAINT)
    else:
        room = pad * max(high - low, 1e-9 * high)
        panel.set_ylim(low - room, high + room)
        panel.yaxis.set_major_locator(MaxNLocator(7))
    panel.yaxis.set_major_formatter(FuncFormatter(lambda value, _: f"{value:,.10g}"))


def round_prices(low: float, high: float) -> list[float]:
    """Prices that read well on a logarithmic scale: of the coarsest ladder that has five of them within.

    >>> round_prices(85.0, 970.0)
    [100.0, 150.0, 200.0, 300.0, 500.0, 700.0]
    """
    decades = 10.0 ** np.arange(np.floor(np.log10(low)), np.ceil(np.log10(high)) + 1)
    found: list[float] = []
    for ladder in LADDERS:
        rungs = np.outer(decades, ladder).ravel()
        found = rungs[(rungs >= low) & (rungs <= high)].tolist()
        if len(found) >= 5:
            break
    return found[:: max(1, len(found) // 8)]


def _stretches(axis: Axis, view: View, starts: Positions) -> list[tuple[float, float, int]]:
    """Left edge, right edge and state of what a ribbon shows; warm-up left out."""
    found = runs(longest(view.held, starts, len(view.states)))
    edges = np.append(axis.edges[starts], axis.edges[-1])
    each = zip(found.start, found.end, found.code, strict=True)
    return [(float(edges[a]), float(edges[b]), int(code)) for a, b, code in each if code != NOT_KNOWN]


def ribbon(panel: Axes, axis: Axis, view: View, starts: Positions) -> None:
    """The held state, with its name where there is room for it."""
    width_px = palette.INCHES[0] * palette.DPI * (palette.RIGHT - palette.LEFT) / (axis.edges[-1] - axis.edges[0])
    shown = _stretches(axis, view, starts)
    colours = [STATES[view.states[code]] for _, _, code in shown]
    panel.broken_barh([(left, right - left) for left, right, _ in shown], (0, 1), facecolors=colours, linewidth=0)
    for left, right, code in shown:
        state = view.states[code]
        if (right - left) * width_px > CHARACTER_PX * (len(state) + 2):
            colour = "white" if state in palette.DARK else palette.INK
            panel.text((left + right) / 2, 0.47, state, fontsize=9, color=colour, ha="center", va="center")
    _strip(panel, view.name)


def belief(panel: Axes, axis: Axis, view: View, starts: Positions) -> None:
    """Filtered probabilities, one upon another, and a fine line at every change of what was held."""
    panel.stackplot(
        axis.edges[starts], means(view.probability, starts).T, colors=[STATES[state] for state in view.states],
        linewidth=0,
    )  # fmt: skip
    marks = changes(view.held)
    if len(marks) <= MOST_MARKS:
        panel.vlines(axis.edges[marks], 0, 1, colors=palette.INK, linewidth=0.7, alpha=0.5)
    _strip(panel, f"P({view.name})")
    known = max(int((view.held != NOT_KNOWN).sum()), 1)
    for code, state in enumerate(view.states):
        height, share = (code + 0.5) / len(view.states), (view.held == code).sum() / known
        swatch(panel, height, STATES[state], 0.18)
        word(panel, WORD_X, height, state)
        word(panel, SHARE_X, height, f"{share:.0%}", colour=palette.SOFT, align="right")


def witnesses(answer: pl.DataFrame) -> list[str]:
    """Those of WITNESSES that the answer has values of."""
    return [name for name in WITNESSES if name in answer.columns and answer[name].is_finite().any()]


def witness(panel: Axes, axis: Axis, answer: pl.DataFrame, starts: Positions) -> None:
    """What does not rest on the models of regimes: the chance of a change point, and how badly every regime fits."""
    for number, name in enumerate(witnesses(answer)):
        label, colour = WITNESSES[name]
        panel.plot(axis.edges[starts], largest(answer[name].to_numpy(), starts), color=colour, linewidth=0.9)
        height = 0.68 - 0.42 * number
        swatch(panel, height, colour, 0.05)
        word(panel, WORD_X, height, label)
    _strip(panel, "witnesses")
    panel.set_ylim(0, 1.03)


def _strip(panel: Axes, name: str) -> None:
    """A panel from 0 to 1 without ticks, its name at its left."""
    panel.set_facecolor(palette.GROUND)
    panel.set_ylim(0, 1)
    panel.set_yticks([])
    word(panel, -0.006, 0.47, name, size=9.5, colour=palette.SOFT, align="right")
