"""Colours of states and places of things in a picture of regimes.

Every colour is paired with a word, and the states of a view differ in lightness too, so that colour-blind eyes and grey
print keep them apart: volatility is one purple from light to dark, direction orange, grey and blue, dynamics brown,
grey and teal (the last two after Brewer's RdBu and BrBG, colorbrewer2.org).
"""

from matplotlib.axes import Axes
from matplotlib.patches import Rectangle

STATES = {
    "calm": "#ddd6ee",
    "normal": "#9d8cc9",
    "stressed": "#4b2a85",
    "bear": "#e2815b",
    "neutral": "#dfdfdb",
    "bull": "#20579a",
    "reverting": "#d09b4f",
    "random": "#e0ded7",
    "trending": "#14685f",
}
DARK = {"stressed", "bull", "trending"}  # backgrounds of white words
INK, SOFT, FAINT, LINE, GROUND = "#1f2733", "#5b6675", "#9aa3ae", "#d9dde2", "#f4f5f6"
PRICES = ("#d2613c", "#8b929b", "#20579a")  # of bear, neutral and bull: darker where a line would be too light

INCHES, DPI = (16.0, 10.0), 100  # 1600 by 1000 pixels
LEFT, RIGHT, TOP, BOTTOM = 0.066, 0.874, 0.9, 0.05  # edges of the panels, shares of the figure
SWATCH_X, WORD_X, SHARE_X = 1.014, 1.032, 1.136  # of legends, shares of a panel's width
SWATCH_WIDTH = 0.0115

STYLE = {
    "font.family": "DejaVu Sans",
    "font.size": 10.5,
    "axes.edgecolor": LINE,
    "text.color": INK,
    "xtick.color": SOFT,
    "ytick.color": SOFT,
    "axes.linewidth": 0.8,
    "svg.hashsalt": "barograph",  # the same picture is the same bytes
}


def swatch(panel: Axes, height: float, colour: str, size: float) -> None:
    """A small box of colour right of a panel, `size` high; both are shares of the panel's height."""
    panel.add_patch(
        Rectangle((SWATCH_X, height - size / 2), SWATCH_WIDTH, size, facecolor=colour, linewidth=0,
                  transform=panel.transAxes, clip_on=False)
    )  # fmt: skip


def word(
    panel: Axes, x: float, height: float, text: str, *, size: float = 10, colour: str = INK, align: str = "left",
    weight: str = "normal",
) -> None:  # fmt: skip
    """Text beside a panel, at shares of its width and height."""
    panel.text(
        x, height, text, fontsize=size, color=colour, fontweight=weight, ha=align, va="center",
        transform=panel.transAxes,
    )  # fmt: skip
