import pickle

import polars as pl
import pytest

from market.fees import Fees
from market.messages import Side
from operators.execution import trade
from operators.execution.intents import Manner, limit_price, next_step, wanted_size
from operators.execution.paper import Venue
from operators.execution.terms import Terms
from operators.risk.gate import Limits
from operators.risk.switch import SwitchState
from tests.contract import same
from tests.operators.execution.case_trade import CASE, TERMS, output
from tests.operators.portfolio.decision_stream import CONTRACTS, SECOND, START, command, item, quote, target, trades

SEEDS = range(8)
PLAIN = Terms(venue=Venue(latency_ms=0.0, fees=Fees(0.0)))


def tables(items, terms=PLAIN):
    return output(trade.stage(terms=terms).run(items))


def sent(found):
    """Rows of all that says that something was tried."""
    return sum(len(found[name]) for name in ("orders", "intents", "fills", "positions", "risk_events"))


def steps(*messages, symbol="BBBUSDT"):
    """One message an item, a second apart; a float is the bid of a quote, an int a target, a text a command."""
    found = []
    for number, message in enumerate(messages):
        now = START + number * SECOND
        if isinstance(message, float):
            found.append(item(number, quote(symbol, now, message, message + 0.01)))
        elif isinstance(message, int):
            found.append(item(number, target(symbol, now, float(message))))
        elif isinstance(message, str):
            found.append(item(number, command(now, message)))
        else:
            found.append(item(number, *message))
    return found


@pytest.mark.parametrize("seed", SEEDS)
def test_the_stage_equals_the_slow_account(seed):
    items = trades(seed, 1)
    same(output(trade.stage(terms=TERMS).run(items)), CASE.oracle(items), 1e-9)


@pytest.mark.parametrize("seed", SEEDS)
def test_positions_are_the_sums_of_fills(seed):
    found = tables(trades(seed, 1), TERMS)
    for symbol, contract in CONTRACTS.items():
        fills = found["fills"].filter(pl.col("instrument") == symbol)
        positions = found["positions"].filter(pl.col("instrument") == symbol)
        summed = (fills["side"] * fills["size"]).cum_sum()
        assert positions["size"].to_list() == pytest.approx(summed.to_list(), abs=contract["lot_size"] / 100)
        assert positions["fees"].to_list() == pytest.approx(fills["fee"].cum_sum().to_list())


@pytest.mark.parametrize("seed", SEEDS)
def test_a_fill_is_never_worse_than_its_limit_nor_more_than_its_order(seed):
    found = tables(trades(seed, 1), TERMS)
    orders = found["orders"].filter(pl.col("state") == "submitted")
    both = found["fills"].join(orders, on="client_order_id", suffix="_order")
    assert len(both) == len(found["fills"])
    assert ((both["price"] - both["limit_price"]) * both["side"] <= 1e-9).all()
    assert (both["time"] >= both["time_order"] + 50_000_000).all()
    filled = both.group_by("client_order_id").agg(pl.sum("size"), pl.first("size_order"))
    assert (filled["size"] <= filled["size_order"] + 1e-9).all()
    assert orders["client_order_id"].is_unique().all()
    assert found["fills"]["fill_id"].is_unique().all()


@pytest.mark.parametrize("seed", SEEDS)
def test_positions_and_gross_stay_within_the_limits_as_of_each_order(seed):
    rows = trade.stage(terms=TERMS).run(trades(seed, 1))
    orders = [order for row in rows if "orders" in row.tables for order in row.tables["orders"].to_dicts()]
    limits = TERMS.limits
    for order in orders:
        if order["state"] == "submitted":
            checks = {pair["key"]: pair["value"] for pair in order["checks"]}
            assert checks["order_notional"] <= limits.max_order_notional
            assert checks["position_notional"] <= limits.max_position_notional
            assert checks["gross_notional"] <= limits.max_gross_notional
            assert 0 <= checks["quote_age_s"] <= limits.max_quote_age_s


@pytest.mark.parametrize("seed", SEEDS)
def test_the_kill_switch_cannot_be_passed(seed):
    stage = trade.stage(terms=TERMS)
    account = stage.empty()
    for one in trades(seed, 1):
        before = {key: line.holding.size for key, line in account.lines.items()}
        done = stage.advance(account, one)
        orders = done.tables["orders"].to_dicts() if "orders" in done.tables else []
        for order in orders:
            if order["state"] == "submitted":
                assert account.switch.state is not SwitchState.HALTED
                if account.switch.state is SwitchState.REDUCING:
                    held = account.lines[order["venue"], order["instrument"]].holding.size
                    assert held * order["side"] < 0
                    assert order["size"] <= abs(held) + 1e-9
        if account.switch.state is SwitchState.HALTED and not any(line.working for line in account.lines.values()):
            assert {key: account.lines[key].holding.size for key in before} == before or "fills" in done.tables


@pytest.mark.parametrize("seed", SEEDS)
def test_a_replay_says_the_same_and_a_restart_changes_nothing(seed):
    items = trades(seed, 1)
    stage = trade.stage(terms=TERMS)
    whole = [pickle.dumps(one) for one in stage.run(items)]
    assert [pickle.dumps(one) for one in trade.stage(terms=TERMS).run(items)] == whole
    state, resumed = stage.empty(), []
    for number, one in enumerate(items):
        if number % 37 == 0:
            state = pickle.loads(pickle.dumps(state))
        resumed.append(stage.advance(state, one))
    for one, other in zip(resumed, map(pickle.loads, whole), strict=True):
        assert one.tables.keys() == other.tables.keys()
        assert all(one.tables[name].equals(other.tables[name]) for name in one.tables)


def test_a_target_becomes_an_order_and_fills_at_the_next_quote():
    found = tables(steps(50.0, 1000, 51.0))
    assert found["orders"]["state"].to_list() == ["submitted", "accepted"]
    found = tables(steps(50.0, 1000, 50.02))
    assert found["orders"]["state"].to_list() == ["submitted", "accepted", "filled"]
    assert found["fills"].select("side", "price", "size").row(0) == (1, 50.03, 19.9)


def test_profit_is_told_after_fees_through_a_flip():
    terms = Terms(venue=Venue(latency_ms=0.0, fees=Fees(10.0)))
    found = tables(steps(50.0, 1000, 50.0, 60.0, -600, 60.0, 60.0, 60.0, 60.0), terms)
    assert found["positions"]["size"].to_list() == [19.9, 0.0, -9.9]
    bought, sold = 19.9 * 50.01, 19.9 * 60.0
    realised = sold - bought - 0.001 * (bought + sold)
    assert found["positions"]["realised_pnl"].to_list() == pytest.approx(
        [-0.001 * bought, realised, realised - 0.001 * 9.9 * 60.0]
    )
    assert found["positions"]["average_price"].to_list() == pytest.approx([50.01, 0.0, 60.0])


def test_a_moving_price_alone_never_trades():
    found = tables(steps(50.0, 1000, 50.0, *(50.0 + n for n in range(20))))
    assert len(found["fills"]) == 1


def test_nothing_is_sent_on_an_invalid_or_missing_quote():
    now = START
    dead = item(0, quote("BBBUSDT", now, 50.0, 50.01, valid=False), target("BBBUSDT", now, 1000.0))
    assert sent(tables([dead, *steps(1000)])) == 0


def test_a_stale_quote_is_refused_and_tried_less_and_less_often():
    quotes = [item(0, quote("BBBUSDT", START, 50.0, 50.01))]
    wants = [item(1, target("BBBUSDT", START + 6 * SECOND, 1000.0))]
    found = tables(quotes + wants)
    assert found["risk_events"].select("event", "reason").rows() == [("refused", "quote_age_s")]
    limits = Terms(limits=Limits(max_position_notional=500.0), venue=Venue(latency_ms=0.0))
    found = tables(steps(50.0, 1000, *(50.0 for _ in range(100))), limits)
    seconds = [round((at - START) / SECOND) for at in found["risk_events"]["time"]]
    assert seconds == [1, 2, 4, 8, 16, 32, 64]


def test_a_halt_cancels_and_sends_nothing_until_resumed():
    found = tables(steps(50.0, 1000, "halt", 50.0, 50.0, 1000, 50.0, "resume", 50.0, 50.0, 50.0))
    states = ["submitted", "accepted", "cancelled", "submitted", "accepted", "filled"]
    assert found["orders"]["state"].to_list() == states
    assert found["risk_events"]["event"].to_list() == ["halted", "resumed"]


def test_a_drawdown_flattens_and_halts():
    found = tables(steps(50.0, 25_000, 50.0, *[40.0] * 6, 25_000, 40.0, 40.0), Terms(limits=Limits(max_drawdown=0.02)))
    assert found["risk_events"]["event"].to_list() == ["reducing", "halted"]
    assert found["positions"]["size"].to_list()[-1] == 0.0
    assert found["orders"]["reason"].to_list().count("reducing") == 1


def test_a_target_before_the_first_quote_waits_for_it():
    assert len(tables(steps(1000, 50.0, 50.0))["fills"]) == 1


def test_inverse_contracts_trade_whole_contracts_of_quote_notional():
    found = tables(steps(3000.0, 1_050, 3000.0, symbol="CCCUSD"))
    assert found["fills"].select("size", "price").row(0) == (10.0, 3000.01)


def test_orders_never_cross_zero_and_never_exceed_the_largest_order():
    some = quote("BBBUSDT", START, 49.99, 50.01)
    assert next_step(-5.0, 3.0, some, Manner(), 1e9)[:2] == (Side.SELL, 3.0)
    assert next_step(1e6, 0.0, some, Manner(), 1_000.0)[:2] == (Side.BUY, 19.9)
    assert next_step(0.1, 0.0, some, Manner(min_notional=6.0), 1e9).size == 0.0


def test_limit_prices_are_ticks_between_the_touch_and_the_slippage():
    some = quote("BBBUSDT", START, 49.99, 50.01)
    assert limit_price(Side.BUY, some, 10.0) == 50.06
    assert limit_price(Side.SELL, some, 10.0) == 49.95
    assert limit_price(Side.BUY, some, 0.0) == 50.01


def test_a_target_that_is_not_finite_wants_nothing():
    assert wanted_size(float("nan"), quote("BBBUSDT", START, 1.0, 2.0)) == 0.0
    assert wanted_size(float("inf"), quote("BBBUSDT", START, 1.0, 2.0)) == 0.0


def test_another_accounts_command_is_not_ours():
    assert len(tables([item(0, command(START, "halt", "another"))])["risk_events"]) == 0


def test_a_rest_smaller_than_the_smallest_order_is_closed_all_the_same():
    some = quote("BBBUSDT", START, 49.99, 50.01)
    assert next_step(0.0, 0.1, some, Manner(min_notional=6.0), 1e9)[:2] == (Side.SELL, 0.1)
    assert next_step(0.1, 0.2, some, Manner(min_notional=6.0), 1e9).size == 0.0


def test_a_rest_does_not_keep_a_drawdown_from_ending_halted():
    low = Terms(limits=Limits(max_drawdown=1e-6), manner=Manner(min_notional=900.0), venue=Venue(latency_ms=0.0))
    found = tables(steps(50.0, 1000, 50.0, *[40.0] * 14), low)
    assert found["risk_events"]["event"].to_list()[-2:] == ["reducing", "halted"]


@pytest.mark.parametrize(
    "changes",
    [{"lot_size": 5e-324}, {"tick_size": 1e-300}, {"ask_price": 1e308, "bid_price": 9e307}, {"ask_size": 1e300},
     {"bid_price": 1e-320, "ask_price": 2e-320, "tick_size": 1e-320}],
)  # fmt: skip
def test_numbers_beyond_reason_stop_nothing_and_trade_nothing(changes):
    wild = {"bid": 50.0, "ask": 50.01} | {name[:3]: changes[name] for name in changes if name.endswith("price")}
    rest = {name: value for name, value in changes.items() if not name.endswith("price")}
    items = [item(n, quote("BBBUSDT", START + n * SECOND, **wild, **rest)) for n in range(3)]
    items.insert(1, item(9, target("BBBUSDT", START, 1000.0)))
    assert len(tables(items)["fills"]) == 0


def test_a_larger_lot_does_not_change_what_is_held():
    found = tables(
        [
            *steps(50.0, 1005, 50.0),
            item(3, quote("BBBUSDT", START + 3 * SECOND, 50.0, 50.01, lot_size=1.0), target("BBBUSDT", START, 1600.0)),
            item(4, quote("BBBUSDT", START + 4 * SECOND, 50.0, 50.01, lot_size=1.0)),
        ]
    )
    held = (found["fills"]["side"] * found["fills"]["size"]).sum()
    assert len(found["fills"]) == 2
    assert found["positions"]["size"].to_list()[-1] == pytest.approx(held, abs=1e-9)


def test_equity_is_capital_and_the_profit_of_every_line():
    stage = trade.stage(terms=TERMS)
    account = stage.empty()
    for one in trades(3, 1):
        stage.advance(account, one)
        slow = sum(line.holding.realised - line.holding.fees + line.unrealised for line in account.lines.values())
        assert account.equity == pytest.approx(account.capital + slow, rel=1e-12)
