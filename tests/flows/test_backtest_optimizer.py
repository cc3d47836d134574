"""The optimiser in a backtest: answered within the process, later than it asked, and never by what comes later."""

import msgspec
import pytest

from flows.backtest.account import run
from flows.backtest.assumed import Assumed
from flows.backtest.backtest import run_check
from flows.backtest.bar_tape import bar_source
from flows.backtest.drive import ANSWER_NS, driven
from flows.backtest.journal_tape import journal_source
from flows.backtest.lookahead import check
from flows.backtest.plan import Plan
from flows.backtest.tape import unheard
from flows.backtest.trading_stages import trading_stages
from flows.shards import TRADING
from market.errors import SettingsError
from market.journal import LIVE_BLOCK_NS, partition_path
from market.messages import Problem, Solution, encode
from operators.stage import Stage
from sinks.journal import JournalWriter
from sinks.outbox import VENUE
from tests.flows.made_bars import MINUTE_NS, cheap, written

COUNT = 200  # bars
TIMEFRAMES = {"short": "1m"}
SETTINGS = cheap(
    portfolio={"method": "optimizer", "return_step_s": 60.0, "prior_ic": 0.2, "budget_cap": 1.0, "worth": 1.0},
    regimes={"timeframes": TIMEFRAMES},
)


@pytest.fixture(scope="module")
def source(tmp_path_factory):
    folder = tmp_path_factory.mktemp("bars")
    names = [str(written(folder, f"{name}-1m.parquet", count=COUNT, seed=seed)) for name, seed in (("A", 3), ("B", 8))]
    return bar_source(
        names, venue="binance-usdm", timeframes=TIMEFRAMES, assumed=Assumed(spread_bps=0.2, spread_of_range=0.0),
        latency_ms=150.0, now_ns=2**62,
    )  # fmt: skip


@pytest.fixture(scope="module")
def items(source):
    return list(driven(source.read(None, unheard).rows, trading_stages(SETTINGS)))


def test_an_answer_is_heard_later_than_its_problem_and_trades_later_still(items):
    asked = {one.request: item for item in items for one in item.messages if isinstance(one, Problem)}
    assert asked
    heard = [item for item in items if "solutions" in item.tables]
    filled = [item.receive_time for item in items if "fills" in item.tables]
    assert filled
    for item in heard:
        (row,) = item.tables["solutions"].to_dicts()
        assert row["refused"] == ""
        problem = asked[row["request"]]
        assert problem.offset == row["request"] < item.offset
        assert item.receive_time == problem.receive_time + ANSWER_NS
        assert "fills" not in item.tables
    assert min(filled) > heard[0].receive_time


def test_a_problem_knows_what_is_held(items):
    held, seen = {}, 0
    for item in items:
        if "positions" in item.tables:
            for row in item.tables["positions"].iter_rows(named=True):
                held[f"{row['venue']}|{row['instrument']}"] = row["size"] * row["mark_price"] / 100_000.0
        for one in item.messages:
            if isinstance(one, Problem) and any(held.values()):
                seen += 1
                assert dict(zip(one.names, one.current, strict=True)) == pytest.approx(
                    {name: held.get(name, 0.0) for name in one.names}, rel=0.05
                )
    assert seen


def test_rows_are_numbered_and_timed_in_order(items):
    offsets = [item.offset for item in items]
    assert offsets == sorted(set(offsets))
    times = [item.receive_time for item in items]
    assert times == sorted(times)


def test_the_account_and_its_fills_agree(source):
    done = run(
        source.read(None, unheard), trading_stages(SETTINGS), capital=100_000.0, period_ns=MINUTE_NS,
        regime_timeframe="short", progress=unheard, what="",
    )  # fmt: skip
    assert done.trades.height > 0  # and no StateError
    assert {"problems", "solutions", "rebalances"} <= set(done.tables)


def test_the_optimiser_decides_nothing_by_what_comes_later(source):
    found = check(source, lambda: trading_stages(SETTINGS), cuts=2, seed=1, progress=unheard)
    assert found.differences == ()
    assert found.rows > 500


def test_a_solver_that_knows_how_the_tape_ends_is_named(source):
    ends = {}

    def read(until_ns, progress):
        tape = source.read(until_ns, progress)
        ends["ns"] = tape.last_ns
        return tape

    def stages():
        *others, solve = trading_stages(SETTINGS)

        def advance(state, item):
            out, grown = solve.advance(state, item), 1.0 + ends["ns"] * 1e-22
            messages = [
                msgspec.structs.replace(one, equity=one.equity * grown) if isinstance(one, Solution) else one
                for one in out.messages
            ]
            return out._replace(messages=(*item.messages, *messages[len(item.messages) :]))

        return [*others, Stage("solve", solve.empty, advance)]

    found = check(source._replace(read=read), stages, cuts=2, seed=1, progress=unheard)
    assert {difference.table for difference in found.differences} == {"targets"}


def test_recorded_answers_are_left_out_of_a_backtest(tmp_path, items):
    path = partition_path(tmp_path, "trading", TRADING)
    path.parent.mkdir(parents=True)
    answers = [one for item in items for one in item.messages if isinstance(one, Solution)]
    with JournalWriter(path, venue=VENUE, shard=TRADING, block_ns=LIVE_BLOCK_NS) as journal:
        journal.append([2**60], [encode(answers[0])])
    (row,) = journal_source(tmp_path, "trading", timeframes=TIMEFRAMES).read(None, unheard).rows
    assert row.messages == ()


def test_a_grid_finer_than_the_bars_is_refused_in_a_sentence(source):
    finer = SETTINGS.model_copy(update={"portfolio": SETTINGS.portfolio.model_copy(update={"return_step_s": 10.0})})
    with pytest.raises(SettingsError, match="return_step_s 10 is shorter than the bars, 60 s"):
        run_check(source, finer, Plan(), cuts=1)
