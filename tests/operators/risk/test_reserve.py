"""The drawdown controller over 200 markets that gap; `pytest -s` prints figures, BAROGRAPH_MARKETS asks for more."""

import os
from dataclasses import dataclass

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from operators.risk.reserve import Reserve, budget, gap_loss, gaps, scale
from operators.risk.switch import Switch, SwitchState, watch
from tests.operators.risk.gap_markets import DAYS, market, wishes

MARKETS = int(os.environ.get("BAROGRAPH_MARKETS", "200"))
FEW = MARKETS if "BAROGRAPH_MARKETS" in os.environ else 50  # for what is only compared with
LIMIT = 0.10
COST = 0.0005  # of traded notional
GAP = 0.20  # the reserve of these tests: a fifth of the price, in one night


@dataclass
class Path:
    worst_drawdown: float
    final: float
    state: SwitchState
    warned: bool


CAREFUL = Reserve(use_share=0.5, least_gap=GAP, reducing_share=0.95)
CARELESS = Reserve(use_share=1.0, least_gap=0.01, deviations=1.0, worst_multiple=0.0, reducing_share=1.0)


def traded(seed: int, *, worst: float, reserve: Reserve | None, switched: bool = True) -> Path:
    """One market, day by day: equity known → kill switch → size for the night → gap. No reserve: no controller."""
    returns, _ = market(seed, worst=worst)
    wanted = wishes(seed, returns, leverage=2.0)
    days = np.lib.stride_tricks.sliding_window_view(np.concatenate([np.full(60, 0.0), returns]), 60)[:DAYS]
    gap = np.zeros(DAYS) if reserve is None else gaps(days.std(axis=1), np.abs(days).max(axis=1), reserve)
    equity, held, switch, said, deepest, peak = 1.0, 0.0, Switch(1.0), [], 0.0, 1.0
    for day in range(DAYS):
        if switched:
            switch, events = watch(
                switch, equity, is_flat=lambda held=held: held == 0.0, max_drawdown=LIMIT,
                reducing_share=1.0 if reserve is None else reserve.reducing_share,
            )  # fmt: skip
            said += [one.event for one in events]
        notional = wanted[day] * equity if switch.state is SwitchState.ACTIVE else 0.0
        if reserve is not None:
            notional *= scale(
                budget(equity, switch.peak_equity, LIMIT), gap_loss(np.array([notional]), gap[day : day + 1]), reserve
            )
        equity -= COST * abs(notional - held)
        equity += notional * returns[day]
        held = notional * (1.0 + returns[day])
        peak = max(peak, equity)
        deepest = max(deepest, 1.0 - equity / peak)
    return Path(deepest, equity, switch.state, "warning" in said)


def breaches(label: str, markets: int, **how: object) -> list[float]:
    """Worst drawdowns of the markets in which the limit was broken; prints the figures."""
    paths = [traded(seed, **how) for seed in range(markets)]
    deepest = np.array([path.worst_drawdown for path in paths])
    finals = np.array([path.final for path in paths])
    over = deepest[deepest > LIMIT]
    halted = sum(path.state is not SwitchState.ACTIVE for path in paths)
    warned = sum(path.warned for path in paths)
    print(
        f"\n{label:36s} breaches {len(over):3d} of {markets}, worst drawdown {deepest.max():6.1%}, median "
        f"{np.median(deepest):6.1%}, warned {warned:3d}, halted {halted:3d}, final equity {np.median(finals):.3f}"
    )
    return list(over)


def test_the_controller_holds_the_limit_over_all_markets_whose_gaps_are_within_its_reserve():
    assert breaches("controller, gaps within the reserve", MARKETS, worst=GAP, reserve=CAREFUL) == []


def test_without_it_the_same_markets_break_the_limit():
    assert len(breaches("neither controller nor switch", FEW, worst=GAP, reserve=None, switched=False)) > 0.9 * FEW
    assert len(breaches("switch alone", FEW, worst=GAP, reserve=None)) > 0.5 * FEW


def test_gaps_beyond_the_reserve_can_break_it_seldom_and_not_by_much():
    """Nothing that trades can promise more; an unbounded jump of a held price is a loss of any size."""
    over = breaches("controller, gaps without any bound", MARKETS, worst=np.inf, reserve=CAREFUL)
    assert len(over) <= 0.02 * MARKETS
    assert all(one < 0.15 for one in over)


def test_a_reserve_that_is_too_small_is_seen():
    assert len(breaches("controller with a careless reserve", FEW, worst=GAP, reserve=CARELESS)) > 0.25 * FEW


@settings(max_examples=50, deadline=None)
@given(
    st.floats(0.01, 1e9), st.floats(0.5, 1.0), st.floats(0.01, 0.5), st.lists(st.floats(-5, 5), min_size=1, max_size=6),
    st.data(),
)  # fmt: skip
def test_no_gap_within_the_reserve_takes_more_than_its_share_of_the_budget(peak, left, limit, shares, data):
    equity = peak * left
    notionals = np.array(shares) * equity
    gap = gaps(np.full(len(shares), 0.01), np.full(len(shares), 0.03), Reserve())
    jumps = np.array([data.draw(st.floats(-1, 1)) * one for one in gap])
    room = budget(equity, peak, limit)
    small = notionals * scale(room, gap_loss(notionals, gap), Reserve())
    after = equity + float(small @ jumps)
    assert after >= equity - 0.5 * room - 1e-9 * peak
    assert room == 0.0 or after >= (1 - limit) * peak - 1e-9 * peak


def test_size_falls_in_proportion_to_what_is_left():
    at = [scale(budget(equity, 100.0, 0.1), 40.0, Reserve()) for equity in (100.0, 95.0, 92.5, 90.0, 80.0)]
    assert at == pytest.approx([0.125, 0.0625, 0.03125, 0.0, 0.0])


@pytest.mark.parametrize(("equity", "peak"), [(np.nan, 1.0), (1.0, np.nan), (np.inf, 1.0)])
def test_a_budget_that_is_not_known_allows_nothing(equity, peak):
    assert scale(budget(equity, peak, 0.1), 1.0, Reserve()) == 0.0
    assert scale(1.0, np.nan, Reserve()) == 0.0


def test_what_is_not_known_of_an_instrument_counts_as_all_of_it():
    assert gaps(np.array([np.nan, 0.03]), np.array([0.1, 0.3]), Reserve()) == pytest.approx([1.002, 0.452])


@pytest.mark.parametrize("wrong", [{"use_share": 0.0}, {"least_gap": 1.5}, {"deviations": np.nan}, {"cost": -1.0}])
def test_a_reserve_that_cannot_be_is_named(wrong):
    with pytest.raises(ValueError, match=next(iter(wrong))):
        Reserve(**wrong)
