"""A picture of regimes: the price with ribbons of what was held, and beneath it what the filter believed of each view.

Work and size are bounded by `columns`, however many bars there are.
"""

from pathlib import Path

import matplotlib as mpl
import numpy as np
import polars as pl
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.ticker import FixedFormatter, FixedLocator

from flows import regime_palette as palette
from flows import regime_panels as panels
from flows.regime_axis import Axis, axis_of
from flows.regime_palette import DPI, INCHES, LEFT, SHARE_X, STATES, SWATCH_X, WORD_X, swatch, word
from flows.regime_text import moment, percent
from flows.regime_thin import bucket_starts
from flows.regime_views import NOT_KNOWN, View, runs, views_of
from market.errors import SettingsError

SUFFIXES = (".png", ".svg")
COLUMNS = 1200  # points from left to right, at most
LEAST_BARS = 2


def check(path: Path) -> None:
    """Refuse, before any work, a name that no picture can have."""
    if path.suffix.lower() not in SUFFIXES:
        raise SettingsError(f"--picture {path}: the name must end in {' or '.join(SUFFIXES)}")
    if not path.absolute().parent.is_dir():
        raise SettingsError(f"--picture {path}: there is no folder {path.parent}")


def save(answer: pl.DataFrame, path: Path, *, title: str, subtitle: str, columns: int = COLUMNS) -> None:
    """Draw the answer of `regimes_of`, of LEAST_BARS bars or more, into a file; .png or .svg, by its name."""
    check(path)
    with mpl.rc_context(palette.STYLE):  # type: ignore[arg-type]
        figure = draw(answer, title=title, subtitle=subtitle, columns=columns)
        vector = path.suffix.lower() == ".svg"
        figure.savefig(path, dpi=DPI, metadata={"Date": None} if vector else {"Software": "barograph"})


def draw(answer: pl.DataFrame, *, title: str, subtitle: str, columns: int = COLUMNS) -> Figure:
    """The figure, of at least LEAST_BARS bars."""
    times = answer["time"].cast(pl.Int64).to_numpy()
    if len(times) < LEAST_BARS:
        raise SettingsError(
            f"a picture needs {LEAST_BARS} bars at least, and there {'is 1' if len(times) else 'is none'}"
        )
    axis = axis_of(times, int(np.median(np.diff(times))))
    views, starts = views_of(answer), bucket_starts(len(times), columns)
    figure = Figure(figsize=INCHES, facecolor="white")
    figure.text(LEFT, 0.962, title, fontsize=17, fontweight="bold", va="center")
    figure.text(LEFT, 0.93, subtitle, fontsize=11, color=palette.SOFT, va="center")
    price, rows = _rows(figure, len(views), bool(panels.witnesses(answer)))
    panels.price(price, axis, answer["close"].to_numpy(), views, starts)
    _now(price, views, int(times[-1]))
    for number, view in enumerate(views):
        panels.ribbon(rows[number], axis, view, starts)
        panels.belief(rows[len(views) + number], axis, view, starts)
    word(rows[len(views) - 1], SWATCH_X, 0.5, "Share of bars held", weight="bold")
    if len(rows) > 2 * len(views):
        panels.witness(rows[-1], axis, answer, starts)
    _dates(price, rows[-1], axis)
    return figure


def _rows(figure: Figure, views: int, witnesses: bool) -> tuple[Axes, list[Axes]]:
    """The panel of the price, and beneath it those of ribbons, beliefs and witnesses, on one axis of time."""
    heights = [5.0, 0.06, *[0.26] * views, 0.12, *[1.12] * views, *([0.75] if witnesses else [])]
    edges = {"left": palette.LEFT, "right": palette.RIGHT, "top": palette.TOP, "bottom": palette.BOTTOM}
    grid = figure.add_gridspec(len(heights), 1, height_ratios=heights, hspace=0.16, **edges)
    price = figure.add_subplot(grid[0])
    blank = {1, 2 + views}
    rows = [figure.add_subplot(grid[row], sharex=price) for row in range(1, len(heights)) if row not in blank]
    for panel in (price, *rows):
        panel.spines[:].set_visible(False)
        panel.tick_params(length=0, labelbottom=panel is rows[-1])
    return price, rows


def _now(panel: Axes, views: tuple[View, ...], time_ns: int) -> None:
    """What is held at the last bar, beside the price."""
    word(panel, SWATCH_X, 0.965, "At the last bar", weight="bold")
    word(panel, SWATCH_X, 0.905, moment(time_ns), colour=palette.SOFT)
    for number, view in enumerate(views):
        height, code = 0.81 - 0.145 * number, int(view.held[-1])
        if code == NOT_KNOWN:
            word(panel, SWATCH_X, height, f"{view.name}: warming up", colour=palette.SOFT)
            continue
        swatch(panel, height, STATES[view.states[code]], 0.045)
        word(panel, WORD_X, height, view.states[code], size=11)
        share = percent(float(view.probability[-1, code]))
        word(panel, SHARE_X, height, share, size=10.5, colour=palette.SOFT, align="right")
        bars = int(runs(view.held).length[-1])
        word(panel, WORD_X, height - 0.052, f"for {bars:,} bars", size=9, colour=palette.FAINT)


def _dates(price: Axes, lowest: Axes, axis: Axis) -> None:
    """Dates under the lowest panel; fine lines at them through the price."""
    lowest.xaxis.set_major_locator(FixedLocator(axis.ticks))
    lowest.xaxis.set_major_formatter(FixedFormatter(axis.labels))
    lowest.tick_params(axis="x", pad=5)
    if axis.unit:
        lowest.annotate(
            axis.unit, (SWATCH_X, 0), (0, -6), va="top", color=palette.SOFT,
            xycoords="axes fraction", textcoords="offset points",
        )  # fmt: skip
    price.grid(axis="x", color=palette.LINE, linewidth=0.7)
