import math
import pickle
import random

import numpy as np
import pytest

from operators.portfolio import returns

SECOND = 1_000_000_000
START = 1_700_000_000 * SECOND
NAN = float("nan")


def run(messages, cuts=(), **parameters):
    """Rows by moment; the state goes through a pickle at each cut."""
    state = returns.empty(**parameters)
    found = []
    for number, (name, time, mid) in enumerate(messages):
        found += returns.passed(state, time)
        returns.observe(state, name, time, mid)
        if number in cuts:
            state = pickle.loads(pickle.dumps(state))
    return found, state


def walk(seed, steps=3000):
    rng = random.Random(seed)
    mids = {"v|a": 100.0, "v|b": 5.0, "w|c": 1e-4}
    time, messages = START, []
    for step in range(steps):
        time += rng.randint(0, SECOND)
        name = rng.choice(list(mids) if 800 < step < 1600 or step > 2000 else ["v|a", "v|b"])
        mids[name] *= math.exp(rng.gauss(0, 1e-4))
        late = rng.choice([0, 0, 0, 3 * SECOND])
        messages.append((name, time - late, mids[name] if rng.random() < 0.97 else NAN))
        if step == 2500:
            time += 600 * SECOND
    return messages


def slowly(messages, step_s, max_age_s):
    """Every moment of the whole time by a look through all messages that came before it."""
    step = step_s * SECOND
    first = messages[0][1] // step + 1
    names = list(dict.fromkeys(name for name, _, _ in messages))
    prices = {}
    for moment in range(first, max(time for _, time, _ in messages) // step + 1):
        at = moment * step
        ends = next(number for number, (_, time, _) in enumerate(messages) if time >= at)
        prices[at] = []
        for name in names:
            newest, price = -1, NAN
            for other, time, mid in messages[:ends]:
                if other == name and time >= newest:
                    newest, price = time, mid
            prices[at].append(price if newest >= at - max_age_s * SECOND else NAN)
    found = {}
    for at in list(prices)[1:]:
        row = np.log(np.array(prices[at]) / np.array(prices[at - step]))
        if np.isfinite(row).any():
            found[at] = row
    return found


@pytest.mark.parametrize(("step_s", "max_age_s"), [(5, 5), (5, 30), (20, 20)])
def test_returns_are_those_of_a_look_at_every_moment(step_s, max_age_s):
    messages = walk(1, 2700)
    found, _ = run(messages, step_s=step_s, max_age_s=max_age_s)
    expected = slowly(messages, step_s, max_age_s)
    assert [row.time_ns for row in found] == list(expected)
    for row in found:
        want = expected[row.time_ns]
        np.testing.assert_allclose(row.returns, want[: len(row.returns)], rtol=1e-12)
        assert np.isnan(want[len(row.returns) :]).all()


def test_where_messages_are_cut_and_stored_does_not_matter():
    messages = walk(2)
    whole, _ = run(messages, step_s=5.0, max_age_s=10.0)
    cut, _ = run(messages, cuts=range(0, len(messages), 7), step_s=5.0, max_age_s=10.0)
    assert [row.time_ns for row in whole] == [row.time_ns for row in cut]
    for one, other in zip(whole, cut, strict=True):
        np.testing.assert_array_equal(one.returns, other.returns)


def test_later_messages_never_change_earlier_returns():
    messages = walk(3)
    whole, _ = run(messages, step_s=5.0, max_age_s=5.0)
    head, _ = run(messages[:1500], step_s=5.0, max_age_s=5.0)
    for one, other in zip(head, whole, strict=False):
        assert one.time_ns == other.time_ns
        np.testing.assert_array_equal(one.returns, other.returns)


def test_a_stale_instrument_has_no_return_and_no_zero():
    messages = [("a", START + n * SECOND, 100.0 + n) for n in range(40)]
    messages += [("b", START + n * SECOND, 50.0) for n in (0, 1, 2, 11)]
    messages.sort(key=lambda message: message[1])
    found, state = run(messages, step_s=10.0, max_age_s=10.0)
    place = state.places["b"]
    assert found[0].returns[place] == 0.0
    assert np.isnan([row.returns[place] for row in found][1:]).all()


def test_a_long_gap_is_passed_over():
    messages = [("a", START + n * SECOND, 100.0) for n in range(25)]
    messages += [("a", START + (10**7 + n) * SECOND, 200.0) for n in range(25)]
    found, _ = run(messages, step_s=10.0, max_age_s=20.0)
    assert len(found) < 10
    assert all(abs(row.returns[0]) == 0.0 for row in found)


def test_a_book_that_is_not_valid_has_no_return():
    messages = [("a", START + n * SECOND, NAN if n == 9 else 100.0) for n in range(41)]
    found, _ = run(messages, step_s=10.0, max_age_s=10.0)
    assert [row.time_ns // SECOND % 100 for row in found] == [(START // SECOND + n) % 100 for n in (30, 40)]


def test_instruments_beyond_the_most_are_counted_and_not_taken():
    messages = [(name, START + n * SECOND, 1.0) for n in range(30) for name in "abc"]
    found, state = run(messages, step_s=10.0, max_age_s=10.0, most=2)
    assert state.refused == 30
    assert {len(row.returns) for row in found} == {2}


def test_prices_that_are_none_are_not_taken():
    for wrong in (0.0, -1.0, math.inf, NAN):
        messages = [("a", START + n * SECOND, wrong) for n in range(30)]
        assert run(messages, step_s=10.0, max_age_s=10.0)[0] == []


@pytest.mark.parametrize("wrong", [{"step_s": 0.0}, {"max_age_s": 5.0}, {"max_age_s": math.inf}, {"most": 0}])
def test_parameters_out_of_range_are_named(wrong):
    with pytest.raises(ValueError, match=next(iter(wrong))):
        returns.empty(**wrong)
