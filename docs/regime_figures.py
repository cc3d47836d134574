"""Draws docs/figures/: `.venv/bin/python docs/regime_figures.py`. The markets are labelled ones, so the truth is known.

`regimes.png` is what `barograph regimes BARS --picture FILE` draws, by that very command. `labelled.png` sets what was
held beside the truth and beside the best label that anybody could have given at the time: that of an exact filter who
knows every parameter (simulator/labelled/oracle.py).
"""

import tempfile
from datetime import UTC, datetime, timedelta
from pathlib import Path

import matplotlib as mpl
import numpy as np
import polars as pl
from matplotlib.figure import Figure
from PIL import Image

from flows import regime_palette as palette
from flows import regime_panels as panels
from flows.regime_axis import axis_of
from flows.regime_file import run_regimes
from flows.regime_palette import LEFT, RIGHT, SWATCH_X, word
from flows.regime_picture import COLUMNS
from flows.regime_thin import bucket_starts
from flows.regime_views import View, views_of
from market.regimes import VIEWS
from simulator.labelled import chain, market
from simulator.labelled.draw import draw
from simulator.labelled.market import Case, Market
from simulator.labelled.model import Model
from simulator.labelled.noise import Noise
from simulator.labelled.oracle import oracle
from simulator.labelled.score import score

FIGURES = Path(__file__).parent / "figures"
BARS, WARM_UP_BARS = 4_000, 400
FIRST = datetime(2010, 1, 1, tzinfo=UTC)
TITLE = "What was true, what was held, and the best anybody could have said"
COLOURS = 96  # of a picture's palette: a third of the bytes, and nothing lost to the eye


def three_views() -> Market:
    """A market whose volatility, direction and dynamics change independently of each other; days, all week long."""
    chains = [chain.leaving(bars) for bars in ((350, 250, 120), (220, 300, 320), (280, 320, 280))]
    labels = np.indices((3, 3, 3)).reshape(3, -1).T
    memory = np.array([-0.35, 0.0, 0.35])[labels[:, 2]]
    scale = np.array([0.6, 1.1, 2.4])[labels[:, 0]] * np.sqrt(1 - memory**2)
    drift = np.array([-0.15, 0.0, 0.15])[labels[:, 1]] * (1 - memory)
    model = Model(
        transitions=np.kron(np.kron(chains[0], chains[1]), chains[2]),
        labels=labels,
        drift=drift * scale,
        scale=scale,
        memory=memory[:, None],
        noise=Noise(degrees_of_freedom=5),
    )
    views = tuple(market.View(name, name, 3) for name in VIEWS)
    case = Case(name="three views", family="docs", views=views, eras=((0, model),), bars=BARS, scale=0.009,
                warm_up_bars=WARM_UP_BARS)  # fmt: skip
    return draw(case, seed=4)


def bars_of(drawn: Market) -> pl.DataFrame:
    """Its bars as a file has them."""
    days = [FIRST + timedelta(days=day) for day in range(BARS)]
    return pl.DataFrame({"time": days, "close": 100 * np.exp(np.cumsum(drawn.returns))})


def compare(drawn: Market, answer: pl.DataFrame, path: Path) -> None:
    """Truth, what was held, and the best that could have been said, as ribbons for each view."""
    views, best = views_of(answer), oracle(drawn)
    limit = score(drawn, best)
    reached = score(drawn, best | {view.name: _answer(view) for view in views})
    axis = axis_of(answer["time"].cast(pl.Int64).to_numpy(), 86_400 * 10**9)
    figure = Figure(figsize=(16, 1.4 + 1.5 * len(views)), facecolor="white")
    grid = figure.add_gridspec(4 * len(views) - 1, 1, left=LEFT, right=RIGHT, top=0.86, bottom=0.06, hspace=0.35)
    figure.text(LEFT, 0.93, TITLE, fontsize=17, fontweight="bold")
    for row, view in enumerate(views):
        lines = {
            "true": (drawn.labels[view.name], view.name),
            "held": (view.held, f"balanced accuracy {reached[view.name].balanced_accuracy:.2f}"),
            "best possible": (best[view.name].labels, f"limit {limit[view.name].balanced_accuracy:.2f}"),
        }
        for line, (name, (labels, said)) in enumerate(lines.items()):
            panel = figure.add_subplot(grid[4 * row + line])
            panel.spines[:].set_visible(False)
            panel.set_xlim(axis.edges[0], axis.edges[-1])
            panel.set_xticks(axis.ticks, axis.labels)
            panel.tick_params(length=0, pad=5, labelbottom=row == len(views) - 1 and line == len(lines) - 1)
            shown = view._replace(name=name, held=labels.astype(np.int8))
            panels.ribbon(panel, axis, shown, bucket_starts(BARS, COLUMNS))
            word(panel, SWATCH_X, 0.5, said, weight="normal" if line else "bold")
    figure.savefig(path, dpi=palette.DPI)


def _answer(view: View) -> market.Answer:
    """What was said, as the scorer reads it; warm-up is before the bars that count."""
    return market.Answer(np.nan_to_num(view.probability, nan=1 / 3), np.maximum(view.held, 0).astype(np.int64))


def main() -> None:
    """Draw both, and say how large they are."""
    FIGURES.mkdir(exist_ok=True)
    drawn = three_views()
    with tempfile.TemporaryDirectory() as folder, mpl.rc_context(palette.STYLE):
        bars, rows = Path(folder) / "labelled market.parquet", Path(folder) / "rows.parquet"
        bars_of(drawn).write_parquet(bars)
        run_regimes(bars, timeframe="long", output=rows, picture=FIGURES / "regimes.png")
        compare(drawn, pl.read_parquet(rows), FIGURES / "labelled.png")
    for path in sorted(FIGURES.glob("*.png")):
        Image.open(path).convert("RGB").quantize(COLOURS, dither=Image.Dither.NONE).save(path, optimize=True)
        print(f"{path.name}: {path.stat().st_size / 1000:.0f} kB")


if __name__ == "__main__":
    main()
