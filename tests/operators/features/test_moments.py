from decimal import Decimal, localcontext

import numpy as np
import pytest
from numpy.typing import NDArray

from operators.features import moments
from tests.operators.features.hand import NAN, Row, lost, quote, run, trade


def found(mids: list[float], times_s: list[float] | None = None, **parameters: float) -> NDArray[np.void]:
    """One row a second unless times are given."""
    times = times_s or [float(number) for number in range(len(mids))]
    rows: list[Row] = [quote(time, mid) for time, mid in zip(times, mids, strict=True)]
    return run(moments.stage(**parameters), *rows)


def walk(steps: NDArray[np.float64], price: float = 100.0) -> list[float]:
    return list(price * np.exp(np.cumsum(steps)))


@pytest.mark.parametrize(
    ("law", "skewness", "kurtosis"), [("normal", 0.0, 3.0), ("exponential", 2.0, 9.0), ("uniform", 0.0, 1.8)]
)
def test_it_finds_the_shape_of_what_the_returns_are_drawn_from(law: str, skewness: float, kurtosis: float) -> None:
    chance = np.random.default_rng(1)
    draws = {"normal": chance.normal, "exponential": chance.exponential, "uniform": chance.uniform}[law](size=20_000)
    last = found(walk(1e-6 * draws), half_life_s=20_000)[-1]
    assert last["return_mean"] == pytest.approx(1e-6 * draws.mean(), abs=2e-8)
    assert last["return_variance"] == pytest.approx(1e-12 * draws.var(), rel=0.05)
    assert last["return_skewness"] == pytest.approx(skewness, abs=0.2)
    assert last["return_kurtosis"] == pytest.approx(kurtosis, rel=0.15)


def test_near_sixty_thousand_noise_of_a_thousandth_keeps_its_digits() -> None:
    mids = [60_000.0 + round(noise, 3) / 1_000 for noise in np.random.default_rng(2).normal(0, 1, 400)]
    seen = found(mids, half_life_s=100.0)
    with localcontext(prec=60):
        shown = [(Decimal(mid - 0.1) + Decimal(mid + 0.1)) / 2 for mid in mids]
        ended = shown[:-1]  # the last second is under way
        weights = [Decimal("0.5") ** (Decimal(len(ended) - 1 - number) / 100) for number in range(len(ended))]
        mean = sum(w * x for w, x in zip(weights, ended, strict=True)) / sum(weights)
        variance = sum(w * (x - mean) ** 2 for w, x in zip(weights, ended, strict=True)) / sum(weights)
        exact = float((shown[-1] - mean) / variance.sqrt())
    assert seen["mid_z_score"][-1] == pytest.approx(exact, rel=1e-6)
    naive = np.average(np.square(mids[:-1]), weights=[float(w) for w in weights])
    naive -= np.average(mids[:-1], weights=[float(w) for w in weights]) ** 2
    assert abs(naive - float(variance)) > 0.01 * float(variance)  # what is avoided


def test_quantiles_are_those_of_the_last_returns() -> None:
    steps = np.random.default_rng(3).normal(0.0, 1e-4, 500)
    last = found(walk(steps), window_s=50)[-1]
    expected = np.quantile(steps[-51:-1], [0.05, 0.5, 0.95])
    assert [last[f"return_q{q}"] for q in ("05", "50", "95")] == pytest.approx(expected, rel=1e-9)


@pytest.mark.parametrize("ties", [1, 3])
def test_quantiles_with_many_equal_returns(ties: int) -> None:
    steps = np.random.default_rng(4).integers(-ties, ties, 300) * 1e-4
    last = found(walk(steps), window_s=20)[-1]
    expected = np.quantile(steps[-21:-1], [0.05, 0.5, 0.95])
    assert [last[f"return_q{q}"] for q in ("05", "50", "95")] == pytest.approx(expected, abs=1e-13)


@pytest.mark.parametrize("quiet", [5, 25, 700])
def test_quiet_seconds_count_like_rows_that_say_the_same(quiet: int) -> None:
    moving = walk(np.random.default_rng(5).normal(0.0, 1e-4, 60))
    sparse = found([*moving, moving[-1]], [*range(60), 60.0 + quiet], window_s=20)[-1]
    dense = found([*moving, *[moving[-1]] * (quiet + 1)], window_s=20)[-1]
    assert sparse.tolist() == pytest.approx(dense.tolist(), rel=1e-9, abs=1e-15, nan_ok=True)


def test_the_z_score_follows_every_row_and_the_rest_every_second() -> None:
    mids = walk(np.random.default_rng(6).normal(0.0, 1e-4, 60))
    seen = found([*mids, 200.0, 50.0], [*range(60), 59.4, 59.8])
    assert seen["mid_z_score"][60] > 100
    assert seen["mid_z_score"][61] < -100
    assert seen["return_variance"][61] == seen["return_variance"][59]


def test_warm_up() -> None:
    seen = found(walk(np.random.default_rng(7).normal(0.0, 1e-4, 80)), window_s=50)
    for name, seconds in (("return_mean", 30), ("return_kurtosis", 30), ("mid_z_score", 30), ("return_q50", 50)):
        assert np.isnan(seen[name][: seconds + 1]).all()
        assert np.isfinite(seen[name][seconds + 1 :]).all()


def test_a_price_that_stands_still_has_no_shape() -> None:
    last = found([60_000.1] * 60, window_s=20)[-1]
    assert last["return_variance"] == 0.0
    assert last["return_q95"] == 0.0
    assert np.isnan([last[name] for name in ("return_skewness", "return_kurtosis", "mid_z_score")]).all()


@pytest.mark.parametrize("hours", [12, 36, 48, 60, 1_000])
def test_a_price_that_has_stood_still_for_days_has_no_shape_any_more(hours: int) -> None:
    mids = walk(np.random.default_rng(9).normal(0.0, 1e-4, 100))
    last = found([*mids, mids[-1]], [*range(len(mids)), len(mids) + hours * 3600.0])[-1]
    assert np.isnan([last["return_skewness"], last["return_kurtosis"]]).all()


def test_a_gap_clears_and_trades_repeat() -> None:
    mids = walk(np.random.default_rng(8).normal(0.0, 1e-4, 60))
    rows = [quote(float(number), mid) for number, mid in enumerate(mids)]
    seen = run(moments.stage(window_s=20), *rows, trade(61, 1), lost(62), quote(63, 100.0))
    assert seen[60] == seen[59]
    assert np.isnan(seen[61].tolist()).all()
    assert np.isnan(seen[62].tolist()).all()


@pytest.mark.parametrize("parameters", [{"half_life_s": 0.5}, {"half_life_s": NAN}, {"window_s": 9}, {"window_s": 301}])
def test_parameters_out_of_range_are_refused(parameters: dict[str, float]) -> None:
    with pytest.raises(ValueError, match="must be"):
        moments.stage(**parameters)
