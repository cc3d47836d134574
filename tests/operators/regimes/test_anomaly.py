import math
import pickle

import numpy as np
import pytest
from scipy import stats

from operators.regimes.anomaly import DEFAULTS, KINDS, Parameters, advance, empty, rules
from operators.slots import grown
from tests.operators.regimes.slow_anomaly import SlowAnomaly


def run(pits, shortfalls=None, state=None, series=None, parameters=DEFAULTS):
    rows = len(pits)
    state = empty(1) if state is None else state
    series = np.zeros(rows, np.int64) if series is None else series
    shortfalls = np.full(rows, np.nan) if shortfalls is None else shortfalls
    scores, kinds = np.empty(rows), np.empty(rows, np.int8)
    advance(state, rules(parameters), series, np.asarray(pits, float), np.asarray(shortfalls, float), scores, kinds)
    return scores, kinds, state


def normals(rows, seed=0):
    return np.random.default_rng(seed).standard_normal(rows)


def alarms(scores):
    return int(((scores[1:] > 0.5) & (scores[:-1] <= 0.5)).sum())


def test_it_equals_the_slow_filter():
    z = normals(500) * np.repeat([1.0, 2.5], 250)
    z[100:110] = math.nan
    pits, shortfalls = stats.norm.cdf(z), (z * z - 1) / 2 + np.repeat([0.0, 0.4], 250)
    scores, _, state = run(pits, shortfalls)
    slow = SlowAnomaly(DEFAULTS)
    for row in range(500):
        slow.take(pits[row], shortfalls[row])
        assert scores[row] == pytest.approx(1 - slow.p[0], rel=1e-6, abs=1e-9)
    assert state.probability[0] == pytest.approx(slow.p, rel=1e-6, abs=1e-12)


def test_false_alarms_are_as_rare_as_said_where_forecasts_are_right():
    z = normals(100_000)
    scores, _, _ = run(stats.norm.cdf(z), (z * z - 1) / 2)
    assert alarms(scores) / 100 < 0.2
    assert (scores > 0.5).mean() < 0.001


def linked(z, link):
    out = z.copy()
    for i in range(1, len(z)):
        out[i] = link * out[i - 1] + math.sqrt(1 - link * link) * z[i]
    return out


@pytest.mark.parametrize(
    ("kind", "wrong", "bars"),
    [("wide", lambda z: 2 * z, 60), ("narrow", lambda z: z / 3, 40), ("up", lambda z: z + 1, 60),
     ("down", lambda z: z - 1, 60), ("persistent", lambda z: linked(z, 0.6), 150),
     ("alternating", lambda z: linked(z, -0.6), 150)],
)  # fmt: skip
def test_every_way_to_be_wrong_is_found_and_named(kind, wrong, bars):
    z = normals(1500, 1)
    z[500:1000] = wrong(z[500:1000])
    scores, kinds, _ = run(stats.norm.cdf(z))
    assert alarms(scores[:500]) == 0
    assert (scores[500 : 500 + bars] > 0.5).any()
    assert (scores[650:1000] > 0.5).mean() > 0.85
    assert np.bincount(kinds[650:1000]).argmax() == KINDS.index(kind)
    assert (scores[1100:] > 0.5).mean() < 0.05


def test_what_is_unlikely_for_another_reason_than_the_return_is_found():
    z = normals(2000, 2)
    shortfalls = (z * z - 1) / 2
    shortfalls[1500:] += 1.5
    scores, kinds, _ = run(stats.norm.cdf(z), shortfalls)
    assert (scores[:1500] > 0.5).mean() == 0
    assert (scores[1530:1800] > 0.5).mean() > 0.9
    assert KINDS[kinds[1600]] == "unlikely"


def test_one_bar_alone_is_no_anomaly():
    z = normals(300)
    z[200] = 1e6
    scores, _, _ = run(stats.norm.cdf(z))
    assert scores.max() < 0.5


CALM_AND_WILD = np.array([[0.99, 0.01], [0.03, 0.97]])
DEVIATIONS, FREEDOM = np.array([0.006, 0.02]), 5.0


def market(rows, seed):
    """Returns of two volatility regimes."""
    rng, state, out = np.random.default_rng(seed), 0, np.empty(rows)
    for i in range(rows):
        state = rng.choice(2, p=CALM_AND_WILD[state])
        out[i] = DEVIATIONS[state] * rng.standard_t(FREEDOM)
    return out


def forecast_failures(returns):
    """Share of each forecast below what came, where the forecasts are those of the market's exact filter."""
    belief, pits = np.array([0.75, 0.25]), []
    densities = stats.t.pdf(returns[:, None] / DEVIATIONS, FREEDOM) / DEVIATIONS
    for shares, density in zip(stats.t.cdf(returns[:, None] / DEVIATIONS, FREEDOM), densities, strict=True):
        ahead = belief @ CALM_AND_WILD
        pits.append(ahead @ shares)
        belief = ahead * density / (ahead @ density)
    return np.array(pits)


def test_markets_of_the_model_raise_few_alarms():
    scores, _, _ = run(forecast_failures(market(20_000, 0)))
    assert alarms(scores) <= 6


@pytest.mark.parametrize("wrong", [lambda r: 8 * r, lambda r: r / 20, lambda r: r + 0.02, lambda r: linked(r, 0.7)])
def test_markets_in_none_of_the_known_regimes_raise_one(wrong):
    returns = market(1200, 1)
    returns[900:1050] = wrong(returns[900:1050])
    scores, _, _ = run(forecast_failures(returns))
    assert alarms(scores[:900]) == 0
    assert (scores[960:1050] > 0.5).mean() > 0.8


def test_no_observation_only_lets_the_score_fall_back():
    z = normals(300) * 5
    scores, _, state = run(stats.norm.cdf(z))
    assert scores[-1] > 0.9
    after, _, _ = run(np.full(400, np.nan), state=state)
    assert (np.diff(after) < 0).all()
    assert after[-1] < 0.02


def test_it_does_not_matter_how_the_stream_is_cut_or_where_it_was_resumed():
    z, rng = normals(1000) * 1.3, np.random.default_rng(5)
    pits, shortfalls, series = stats.norm.cdf(z), (z * z - 1) / 2, rng.integers(0, 3, 1000)
    scores, kinds, whole = run(pits, shortfalls, empty(3), series)
    state, found = empty(2), []
    for rows in np.array_split(np.arange(1000), 17):
        state = pickle.loads(pickle.dumps(grown(state, empty, 3)))
        found.append(run(pits[rows], shortfalls[rows], state, series[rows])[:2])
    assert np.concatenate([part for part, _ in found]).tobytes() == scores.tobytes()
    assert np.concatenate([part for _, part in found]).tobytes() == kinds.tobytes()
    assert all(a.tobytes() == b.tobytes() for a, b in zip(state, whole, strict=True))


def test_compiled_and_interpreted_agree_to_the_bit():
    z = normals(400) * 1.5
    arrays = np.zeros(400, np.int64), stats.norm.cdf(z), (z * z - 1) / 2
    scores, kinds, _ = run(*arrays[1:])
    same, again = np.empty(400), np.empty(400, np.int8)
    getattr(advance, "py_func", advance)(empty(1), rules(), *arrays, same, again)
    assert scores.tobytes() == same.tobytes()
    assert kinds.tobytes() == again.tobytes()


def test_an_anomaly_must_be_shorter_than_the_time_between_two():
    with pytest.raises(ValueError, match="stay_bars"):
        Parameters(onset_bars=10.0, stay_bars=20.0)
