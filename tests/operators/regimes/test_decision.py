import pickle
from typing import NamedTuple

import numpy as np
import pytest

from operators.regimes.bank.bank import RAREST
from operators.regimes.decision import DEFAULTS, Decision, Parameters, decide_rows, empty, settings
from tests.operators.regimes.chains import balanced_accuracy, chain, false_switches, stationary, switching

FAST = chain([60.0, 20.0])


class Decided(NamedTuple):
    """Labels row by row; held and held_bars are those after the row, previous those before it."""

    raw: np.ndarray
    held: np.ndarray
    held_bars: np.ndarray
    previous: np.ndarray
    previous_bars: np.ndarray
    paced: np.ndarray


def decided(probability, transition, *, balance=None, series=None, parameters=DEFAULTS, state=None):
    """Labels of rows and the state after them; one transition matrix for all rows, or one per row."""
    rows, states = probability.shape
    series = np.zeros(rows, np.int64) if series is None else series
    state = empty(np.full(states, 1.0 / states), series.max() + 1) if state is None else state
    balance = usual(probability) if balance is None else balance
    transition = np.array(np.broadcast_to(transition, (rows, states, states)), order="C")
    raw, held, bars = np.empty(rows, np.int64), np.empty((rows, 2), np.int64), np.empty((rows, 2), np.int64)
    paced, p, b = np.empty_like(transition), np.ascontiguousarray(probability), np.ascontiguousarray(balance)
    decide_rows(state, settings(parameters), series, p, b, transition, raw, held, bars, paced)
    return Decided(raw, held[:, 1], bars[:, 1], held[:, 0], bars[:, 0], paced), state


def usual(probability):
    """How often each state has been up to each bar, as if 400 alike had been before; the rare a little more."""
    count = 400.0 + np.arange(1, len(probability) + 1)
    return (400.0 / probability.shape[1] + np.cumsum(probability, axis=0)) / count[:, None] + RAREST


def random_rows(states, bars, seed):
    """Probabilities that wander, and a chain of random stays."""
    random = np.random.default_rng(seed)
    walk = np.cumsum(random.standard_normal((bars, states)), axis=0)
    weight = np.exp(3.0 * np.sin(walk))
    return weight / weight.sum(axis=1, keepdims=True), chain(random.uniform(5, 80, states))


class SlowDecision:
    """The definitions, from the whole history at every bar."""

    def __init__(self, states, transition, parameters):
        self.prior, self.transition, self.parameters = np.full(states, 1 / states), transition, parameters
        self.rows, self.held = [], None

    def occupancy(self):
        forgetting = 1 - 0.5 ** (1 / self.parameters.half_life_bars)
        weights = [max(forgetting, 1 / (self.parameters.young_bars + bar)) for bar in range(1, len(self.rows) + 1)]
        kept = np.append(np.cumprod((1 - np.array(weights))[::-1])[::-1], 1.0)
        return kept[0] * self.prior + sum(w * k * row for w, k, row in zip(weights, kept[1:], self.rows, strict=True))

    def pace(self, rate):
        before, now = np.array(self.rows[:-1]), np.array(self.rows[1:])
        if not len(before):
            return 1.0
        discount = 0.5 ** (np.arange(len(before))[::-1] / self.parameters.half_life_bars)
        realised = discount @ (before * (before - now)).sum(axis=1) + self.parameters.young_bars * rate
        expected = (
            discount @ (before * (before - before @ self.transition)).sum(axis=1) + self.parameters.young_bars * rate
        )
        return float(np.clip(realised / expected, 0.25, 8.0))

    def take(self, p, balance):
        self.rows.append(p)
        score = p / balance
        raw = int(score.argmax())
        rate = self.occupancy() @ (1 - self.transition.diagonal())
        pace = self.pace(rate)
        leave = 1 - self.transition.diagonal()[:, None]
        paced = np.eye(len(p)) + np.minimum(pace, 1 / leave) * (self.transition - np.eye(len(p)))
        if self.held is None:
            self.held = raw
            return raw, raw, paced
        stay = 1 / (rate * pace)
        worth = [
            k for k in range(len(p))
            if k != self.held and p[k] >= 1 / len(p) and score[k] > score[self.held]
            and (score[k] / score[self.held] - 1) * stay > self.parameters.switch_cost_bars * (1 - p[k])
        ]  # fmt: skip
        self.held = max(worth, key=lambda k: score[k], default=self.held)
        return raw, self.held, paced


@pytest.mark.parametrize("states", [2, 3, 4])
@pytest.mark.parametrize("seed", [0, 1, 2])
def test_labels_are_those_of_the_definition(states, seed):
    parameters = Parameters(half_life_bars=60.0, young_bars=15.0, switch_cost_bars=30.0)
    probability, transition = random_rows(states, 300, seed)
    balance = random_rows(states, 300, seed + 10)[0] + RAREST
    found, _ = decided(probability, transition, balance=balance, parameters=parameters)
    slow = SlowDecision(states, transition, parameters)
    expected = [slow.take(p, b) for p, b in zip(probability, balance, strict=True)]
    assert found.raw.tolist() == [row[0] for row in expected]
    assert found.held.tolist() == [row[1] for row in expected]
    assert found.paced == pytest.approx(np.array([row[2] for row in expected]), abs=1e-9)
    assert len(np.unique(found.held)) > 1
    starts = np.flatnonzero(np.diff(found.held, prepend=-1))
    assert found.held_bars.tolist() == [bar - starts[starts <= bar][-1] + 1 for bar in range(300)]
    assert found.previous.tolist() == [-1, *found.held[:-1]]
    assert found.previous_bars.tolist() == [0, *found.held_bars[:-1]]


def test_every_row_has_transitions_of_its_own():
    probability, transition = random_rows(3, 200, 1)
    faster = transition + 0.1 * (np.full((3, 3), 1 / 3) - transition)
    own = np.where((np.arange(200) < 100)[:, None, None], transition, faster)
    found, alone = decided(probability, own)[0], decided(probability, transition)[0]
    assert found.paced[:100].tolist() == alone.paced[:100].tolist()
    assert (found.paced[100:, 0, 0] < alone.paced[100:, 0, 0]).all()


def test_cuts_pickles_and_neighbours_change_nothing():
    first, matrix = random_rows(3, 400, 5)
    second, other = random_rows(3, 400, 6)
    rows = np.stack([first, second], axis=1).reshape(-1, 3)
    balance = np.stack([usual(first), usual(second)], axis=1).reshape(-1, 3)
    series, matrices = np.tile(np.array([0, 1]), 400), np.tile([matrix, other], (400, 1, 1))
    whole, after = decided(rows, matrices, balance=balance, series=series)
    state, parts = empty(np.full(3, 1 / 3), 2), []
    for start, stop in [(0, 1), (1, 333), (333, 334), (334, 800)]:
        piece = slice(start, stop)
        found, state = decided(rows[piece], matrices[piece], balance=balance[piece], series=series[piece], state=state)
        parts.append(found)
        state = Decision(*pickle.loads(pickle.dumps(tuple(state))))
    for pieces, expected in zip(zip(*parts, strict=True), whole, strict=True):
        assert np.concatenate(pieces).tobytes() == np.ascontiguousarray(expected).tobytes()
    assert whole.held[series == 0].tolist() == decided(first, matrix)[0].held.tolist()
    for one, two in zip(state, after, strict=True):
        assert one.tobytes() == two.tobytes()


def test_the_future_changes_no_label():
    probability, transition = random_rows(3, 300, 7)
    scrambled = probability.copy()
    scrambled[200:] = scrambled[200:][::-1, ::-1]
    for one, two in zip(decided(probability, transition)[0], decided(scrambled, transition)[0], strict=True):
        assert one[:200].tolist() == two[:200].tolist()


def test_raw_label_has_the_higher_balanced_accuracy_where_states_are_unlike_in_share():
    transition = chain([400.0, 60.0])
    states, probability = switching(transition, [0.0, 0.0], [1.0, 1.8], 20_000, 1)
    raw = decided(probability, transition)[0].raw
    assert balanced_accuracy(states, raw) > balanced_accuracy(states, probability.argmax(axis=1)) + 0.02
    best = (probability / stationary(transition)).argmax(axis=1)
    assert balanced_accuracy(states, raw) == pytest.approx(balanced_accuracy(states, best), abs=0.005)


@pytest.mark.parametrize(
    ("transition", "means", "scales", "loss"),
    [
        (FAST, [0.0, 0.0], [1.0, 2.2], 0.06),
        (chain([300.0, 100.0]), [0.0, 0.0], [1.0, 1.8], 0.02),
        (chain([200.0, 250.0, 300.0]), [-0.18, 0.0, 0.15], [1.5, 0.8, 1.0], 0.04),
    ],
)
def test_held_label_switches_falsely_at_most_four_times_in_a_thousand_bars(transition, means, scales, loss):
    states, probability = switching(transition, means, scales, 20_000, 2)
    found, _ = decided(probability, transition)
    raw, held = found.raw, found.held
    assert false_switches(states, raw) > 3 * false_switches(states, held)
    assert false_switches(states, held) < 4 * len(states) / 1000
    assert balanced_accuracy(states, held) > balanced_accuracy(states, raw) - loss


def test_a_dearer_false_switch_is_made_less_often():
    _, probability = switching(FAST, [0.0, 0.0], [1.0, 2.2], 10_000, 3)
    changes = [
        np.count_nonzero(np.diff(decided(probability, FAST, parameters=Parameters(switch_cost_bars=cost))[0].held))
        for cost in (0.0, 100.0, 1000.0, 10_000.0)
    ]
    assert changes == sorted(changes, reverse=True)
    assert changes[0] > 1.5 * changes[-1] > 0


def test_a_wrong_speed_of_the_chain_is_put_right_by_the_pace():
    transition = chain([300.0, 100.0])
    states, probability = switching(transition, [0.0, 0.0], [1.0, 1.8], 30_000, 4)
    right = false_switches(states, decided(probability, transition)[0].held)
    slowed = false_switches(states, decided(probability, chain([1200.0, 400.0]))[0].held)
    assert slowed < 1.2 * right + 5


def test_certainty_switches_at_once():
    probability = np.tile([1.0, 0.0, 0.0], (200, 1))
    probability[150:] = [0.0, 0.0, 1.0]
    found, _ = decided(probability, chain([100.0] * 3))
    assert found.held.tolist() == found.raw.tolist() == [0] * 150 + [2] * 50
    assert found.held_bars[149:151].tolist() == [150, 1]
    assert (found.previous[150], found.previous_bars[150]) == (0, 150)


def test_a_market_without_regimes_switches_nothing():
    """A sliver of probability that flickers beyond its own mean is no regime."""
    random = np.random.default_rng(8)
    sliver = 0.2 / (1.0 + np.exp(-np.cumsum(random.standard_normal(10_000)) * 0.3))
    probability = np.column_stack([1.0 - sliver, sliver])
    transition = np.array([[0.995, 0.005], [0.02, 0.98]])
    assert (decided(probability, transition)[0].held == 0).all()
    assert (decided(np.tile([1.0, 0.0], (100, 1)), np.eye(2))[0].held == 0).all()


def test_a_bar_without_probabilities_changes_nothing():
    probability, transition = random_rows(2, 50, 9)
    _, state = decided(probability, transition)
    before = pickle.dumps(tuple(state))
    found, state = decided(np.full((1, 2), np.nan), transition, state=state)
    assert (found.raw[0], found.held[0], found.held_bars[0]) == (-1, state.held[0], state.held_bars[0])
    assert (found.previous[0], found.previous_bars[0]) == (state.held[0], state.held_bars[0])
    assert pickle.dumps(tuple(state)) == before


def test_no_label_is_held_before_there_are_probabilities():
    found, state = decided(np.full((5, 3), np.nan), chain([50.0] * 3))
    assert found.raw.tolist() == found.held.tolist() == [-1] * 5
    assert state.bars[0] == 0


@pytest.mark.parametrize("wrong", [{"half_life_bars": 0.0}, {"young_bars": np.nan}, {"switch_cost_bars": -1.0}])
def test_parameters_say_what_is_wrong(wrong):
    with pytest.raises(ValueError, match=next(iter(wrong))):
        Parameters(**wrong)
