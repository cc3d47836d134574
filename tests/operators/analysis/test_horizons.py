import numpy as np
import pytest

from operators.analysis.history import UPDATE
from operators.analysis.horizons import NAMES, Unit, horizons_of

SECOND = 1_000_000_000


def updates(seed: int, count: int, runs: int = 3) -> np.ndarray:
    """Made-up updates with ties in time, trading in bursts, and gaps."""
    random = np.random.default_rng(seed)
    found = np.zeros(count, UPDATE)
    found["event_time"] = np.cumsum(random.choice([0, 1, 40, 700], count)) * 1_000_000
    found["run"] = np.sort(random.integers(1, runs + 1, count))
    found["volume"] = random.exponential(1.0, count) * (random.random(count) < 0.3)
    found["signed_volume"] = found["volume"] * random.choice([-1, 1], count)
    found["touch"], found["depth"] = random.uniform(1, 9, count), random.uniform(1, 9, count)
    found["flow"] = random.normal(0, 5, (count, 10))
    found["component"] = random.uniform(0, 0.2, (count, 10))
    return found


def slow(rows: np.ndarray, n: int, horizon: float, unit: Unit) -> list[float]:
    """The measures of one window, by going back update after update."""
    run = [row for row in rows[: n + 1] if row["run"] == rows[n]["run"]]
    if unit == "events":
        full = len(run) - 1 >= horizon
        window = run[1:][-int(horizon) :]
    elif unit == "seconds":
        begins = run[-1]["event_time"] - round(horizon * SECOND)
        full = run[0]["event_time"] <= begins
        window = [row for row in run[1:] if row["event_time"] > begins]
    else:
        back, traded = len(run), 0.0
        while back > 0 and traded < horizon - 1e-9:
            back -= 1
            traded += run[back]["volume"]
        full = traded >= horizon - 1e-9
        window = run[max(back, 1) :]
    if not full or len(run) < 2:
        return [np.nan] * len(NAMES)
    if not window:
        return [0.0, 0.0, np.nan, np.nan, 0.0]
    flow = sum(row["flow"] for row in window)
    touch, depth = (np.mean([row[name] for row in window]) for name in ("touch", "depth"))
    signed = sum(row["signed_volume"] for row in window)
    return [flow[0], flow.sum(), flow[0] / touch, flow @ run[-1]["component"] / depth, signed]


@pytest.mark.parametrize(
    ("unit", "horizons"), [("events", [1, 10, 25]), ("seconds", [0.05, 3.0]), ("volume", [0.5, 7.0])]
)
def test_windows_equal_going_back_one_by_one(unit: Unit, horizons: list[float]) -> None:
    rows = updates(1, 400)
    found = horizons_of(rows, horizons, unit)
    for horizon in horizons:
        columns = found.select([f"{name}_{horizon:g}" for name in NAMES]).to_numpy()
        expected = np.array([slow(rows, n, horizon, unit) for n in range(len(rows))])
        np.testing.assert_allclose(columns, expected, rtol=1e-9, atol=1e-9)
        assert np.isfinite(columns).any()


def test_nothing_gathers_over_a_long_history() -> None:
    rows = updates(2, 20_000, runs=1)
    rows["flow"] *= 1e6
    rows["flow"][-5_000:] = 0.0
    assert horizons_of(rows, [50], "events")["ofi_deep_50"][-1] == 0.0


@pytest.mark.parametrize(("unit", "horizon"), [("events", 0), ("events", 2.5), ("seconds", -1.0), ("volume", np.inf)])
def test_a_horizon_that_cannot_be_is_refused(unit: Unit, horizon: float) -> None:
    with pytest.raises(ValueError, match="horizon"):
        horizons_of(updates(1, 10), [horizon], unit)


def test_an_unknown_unit_is_refused() -> None:
    with pytest.raises(ValueError, match="events, seconds or volume"):
        horizons_of(updates(1, 10), [10], "hours")  # type: ignore[arg-type]
