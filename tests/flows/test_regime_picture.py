"""A picture shows what the answer says, in colours that everybody can tell apart, at a bounded cost."""

import struct
from itertools import combinations

import numpy as np
import polars as pl
import pytest
from matplotlib.colors import to_rgb
from matplotlib.text import Text

from flows import regime_palette as palette
from flows.regime_axis import axis_of
from flows.regime_panels import round_prices
from flows.regime_picture import check, draw, save
from flows.regime_thin import bucket_starts, extremes, largest, longest, means
from market.errors import SettingsError
from market.regimes import VIEWS
from tests.flows.made_regimes import DAY_NS, START_NS, answer

MINUTE_NS = 60 * 10**9


def texts(figure):
    return [text.get_text() for text in figure.findobj(Text) if text.get_text()]


def drawn(made, **changed):
    return draw(made, title="SPX", subtitle="so many bars", **changed)


def test_every_view_its_states_and_what_holds_now_are_named():
    found = texts(drawn(answer()))
    assert {"SPX", "so many bars", "At the last bar", "2024-02-22", "witnesses", "change point", "anomaly"} <= set(
        found
    )
    assert {"volatility", "direction", "dynamics", "P(volatility)", "P(direction)", "P(dynamics)"} <= set(found)
    assert {state for states in VIEWS.values() for state in states} <= set(found)
    assert found.count("80%") >= 3
    assert "for 10 bars" in found


def test_views_and_witnesses_that_are_not_in_the_answer_are_left_out():
    made = answer().drop([f"probability_{state}" for state in VIEWS["dynamics"]], "anomaly", "change_point_probability")
    found = texts(drawn(made))
    assert "P(direction)" in found
    assert {"P(dynamics)", "witnesses"}.isdisjoint(found)


def test_a_market_that_warms_up_is_drawn_and_said_to():
    assert texts(drawn(answer(5))).count("volatility: warming up") == 1


def test_prices_that_double_are_on_a_logarithmic_scale():
    assert drawn(answer(growth=0.02)).axes[0].get_yscale() == "log"
    assert drawn(answer(growth=0.002)).axes[0].get_yscale() == "linear"


@pytest.mark.parametrize("close", [[100.0] * 50, [np.nan] * 50, [-1.0, 0.0] * 25, [1e-9] * 50, [1e12, 2e12] * 25])
def test_no_price_breaks_it(close):
    drawn(answer(50).with_columns(close=pl.Series(close))).canvas.draw()


@pytest.mark.parametrize(("low", "high"), [(1.0, 2.0), (99.0, 205.0), (0.01, 30.0), (1.0, 1e6), (1e-7, 3e-7)])
def test_round_prices_are_few_and_within(low, high):
    found = round_prices(low, high)
    assert 3 <= len(found) <= 10
    assert low <= min(found) < max(found) <= high


def test_the_file_is_what_its_name_says_and_the_same_each_time(tmp_path):
    for name in ("a.svg", "b.svg", "c.png", "D.PNG"):
        save(answer(), tmp_path / name, title="SPX", subtitle="")
    assert (tmp_path / "a.svg").read_bytes() == (tmp_path / "b.svg").read_bytes()
    assert (tmp_path / "a.svg").read_text().startswith("<?xml")
    picture = (tmp_path / "c.png").read_bytes()
    assert picture[:4] == b"\x89PNG"
    assert struct.unpack(">II", picture[16:24]) == (1600, 1000)


@pytest.mark.parametrize("name", ["picture.pdf", "picture", "nowhere/picture.png"])
def test_a_name_that_no_picture_can_have_is_refused_in_one_sentence(tmp_path, name):
    with pytest.raises(SettingsError, match=r"^--picture \S+: [^\n]+$"):
        check(tmp_path / name)


def test_a_long_file_draws_no_more_than_a_short_one():
    def points(bars):
        figure = drawn(answer(bars, stay=40, growth=0.0, interval_ns=MINUTE_NS), columns=200)
        return sum(
            len(path.vertices) for panel in figure.axes for made in panel.collections for path in made.get_paths()
        )

    assert points(100_000) < 1.5 * points(4_000)


def test_bars_of_a_market_that_closes_stand_side_by_side():
    sessions = np.concatenate([START_NS + day * DAY_NS + MINUTE_NS * np.arange(390) for day in range(9)])
    axis = axis_of(sessions, MINUTE_NS)
    assert axis.edges.tolist() == list(range(9 * 390 + 1))
    assert len(axis.ticks) >= 3
    assert [tick for tick in axis.ticks if abs(tick / 390 - round(tick / 390)) > 0.01] == []
    around_the_clock = axis_of(START_NS + MINUTE_NS * np.arange(1000), MINUTE_NS)
    assert np.allclose(np.diff(around_the_clock.edges), 1 / 1440)


@pytest.mark.parametrize("bars", [2, 3, 50, 1000])
def test_dates_stand_within_and_apart(bars):
    axis = axis_of(START_NS + DAY_NS * np.arange(bars), DAY_NS)
    assert axis.edges[0] <= min(axis.ticks)
    assert max(axis.ticks) <= axis.edges[-1]
    assert (np.diff(axis.ticks) > 0).all()


def lightness(colour):
    """L* of CIE 1976, 0 … 100."""
    linear = [share / 12.92 if share <= 0.04045 else ((share + 0.055) / 1.055) ** 2.4 for share in to_rgb(colour)]
    return 116 * float(np.dot((0.2126, 0.7152, 0.0722), linear)) ** (1 / 3) - 16


@pytest.mark.parametrize("view", VIEWS)
def test_states_of_a_view_differ_in_lightness_so_that_grey_print_keeps_them_apart(view):
    shades = [lightness(palette.STATES[state]) for state in VIEWS[view]]
    assert min(abs(one - other) for one, other in combinations(shades, 2)) >= 18


def test_words_on_ribbons_can_be_read():
    for state, colour in palette.STATES.items():
        word = "white" if state in palette.DARK else palette.INK
        assert abs(lightness(word) - lightness(colour)) >= 45, state


def test_buckets_keep_what_matters_of_their_bars():
    values = np.array([3.0, 1.0, np.nan, 9.0, 5.0, 4.0, 2.0, 7.0])
    starts = bucket_starts(8, 2)
    assert starts.tolist() == [0, 4]
    assert set(extremes(values, 2)) >= {1, 3, 6, 7}
    assert means(values[:, None], starts)[:, 0].tolist() == [13 / 3, 4.5]
    assert largest(values, starts).tolist() == [9.0, 7.0]
    assert np.isnan(means(np.full((4, 1), np.nan), np.array([0, 2]))).all()
    assert longest(np.array([-1, -1, 2, 0, 0, 1, 1, 1], np.int8), starts, 3).tolist() == [-1, 1]
