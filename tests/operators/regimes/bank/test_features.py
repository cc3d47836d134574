import numpy as np
import pytest

from operators.regimes.bank import features
from tests.operators.regimes.bank.slow_template import FORECASTS, average, fractional


def rows_of(returns):
    """Features before each return."""
    past, means = np.zeros(features.MEMORY), np.zeros(len(features.SPANS))
    out = np.empty((len(returns), features.FEATURES))
    for bar, z in enumerate(returns):
        features.write(past, means, bar, out[bar])
        features.remember(past, means, bar, z)
    return out


RETURNS = np.random.default_rng(0).standard_normal(150)


@pytest.mark.parametrize("hurst", [0.1, 0.35, 0.5, 0.8, 0.95])
def test_forecast_of_fractional_noise_solves_the_yule_walker_equations(hurst):
    coefficients, left = features.fractional_forecast(hurst)
    expected, rest = fractional(hurst)
    assert coefficients == pytest.approx(expected, abs=1e-11)
    assert left == pytest.approx(rest, rel=1e-10)


def test_averages_are_standardised_exponential_means_of_the_whole_past():
    found = rows_of(RETURNS)
    for bar in (0, 1, 2, 63, 64, 65, 149):
        expected = [average(span, RETURNS[:bar]) for span in features.SPANS]
        assert found[bar, : features.AVERAGE.places] == pytest.approx(expected, abs=1e-12)


def test_the_first_average_is_the_return_before():
    assert rows_of(RETURNS)[1:, 0] == pytest.approx(RETURNS[:-1])


def test_averages_of_white_noise_have_unit_variance():
    found = rows_of(np.random.default_rng(1).standard_normal(3_000))[300:, :6]
    assert found.var(axis=0) == pytest.approx(1, abs=0.15)


def test_fractional_forecasts_are_of_the_newest_returns_in_the_ring():
    found = rows_of(RETURNS)
    padded = np.append(np.zeros(features.MEMORY), RETURNS)
    for bar in (0, 1, 5, 63, 64, 65, 149):
        newest = padded[bar : bar + features.MEMORY][::-1]
        expected = [coefficients @ newest for coefficients, _ in FORECASTS]
        assert found[bar, features.FRACTIONAL.start :] == pytest.approx(expected, abs=1e-11)


def test_one_half_forecasts_nothing_and_leaves_everything():
    place = round(features.hurst_place(0.5))
    assert abs(rows_of(RETURNS)[:, features.FRACTIONAL.start + place]).max() < 1e-12
    assert features.LOG_SD[features.FRACTIONAL.start + place] == pytest.approx(0, abs=1e-12)
    assert (features.LOG_SD[: features.FRACTIONAL.start] == 0).all()
    assert features.LOG_SD[features.FRACTIONAL.start] == pytest.approx(0.5 * np.log(FORECASTS[0][1]))


def test_a_wild_return_enters_with_the_largest_size():
    wild = RETURNS.copy()
    wild[40], wild[50] = 1e9, -1e9
    tame = RETURNS.copy()
    tame[40], tame[50] = features.LARGEST, -features.LARGEST
    assert rows_of(wild).tobytes() == rows_of(tame).tobytes()


def test_places_are_where_the_curves_have_them():
    assert [features.span_place(span) for span in features.SPANS] == pytest.approx(range(features.AVERAGE.places))
    assert [features.hurst_place(h) for h in features.HURSTS] == pytest.approx(range(features.FRACTIONAL.places))
    assert features.hurst_place(0.5) == pytest.approx(8)
