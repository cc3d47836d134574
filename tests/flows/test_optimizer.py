"""The optimiser in the whole trading flow: rows of the trading journal, problems, answers, orders, and why, by SQL."""

import random
import shutil
import threading
from pathlib import Path

import pytest
from clickhouse_connect.driver.client import Client

from flows.settings import Settings, load
from flows.shards import TRADING
from flows.solving import Desk, Inline, Patience
from flows.tables import opened_store
from flows.trading import PROBLEMS, run_trading
from market.clock import ManualClock
from market.journal import LIVE_BLOCK_NS, partition_path
from market.messages import AnyMessage, Problem, Quote, Signal, Solution, decode, encode
from operators.portfolio.optimizer.optimizer import PortfolioOptimizer
from sinks.clickhouse.client import connect
from sinks.journal import JournalWriter
from sinks.outbox import VENUE
from sources.journal_reader import JournalReader

SECOND = 1_000_000_000
START = 1_700_000_000 * SECOND
SYMBOLS = ("AAA", "BBB", "CCC")
WARM_S, MORE_S = 110, 8  # by then something is asked, and filled; a block of correlations takes 120 rows
PORTFOLIO = {
    "method": "optimizer", "return_step_s": 1.0, "horizon_s": 60.0, "covariance_half_life_s": 60.0, "prior_ic": 0.2,
    "budget_cap": 1.0, "cooldown_s": 20.0, "regime_dwell_s": 5.0, "answer_s": 5.0, "target_life_s": 30.0,
    "max_net_share": 0.2,
}  # fmt: skip
EXPLAINED = """
    select intents.reason as reason, solutions.rung as rung, solutions.duals as duals, solutions.request as request,
        problems.expected as expected, problems.limits as limits, rebalances.trigger as trigger,
        rebalances.reason as called
    from intents
    join solutions on solutions.account = intents.account and solutions.offset = intents.target_offset
    join problems on problems.account = solutions.account and problems.request = solutions.request
    join rebalances on rebalances.account = problems.account and rebalances.offset = problems.request
    where intents.client_order_id = {id:String}
"""


class Child:
    """In place of the process that solves."""

    def __init__(self) -> None:
        self._inline = Inline()

    def solve(self, problem: Problem, _limit_s: float) -> Solution | str:
        return self._inline(problem)


class Market:
    """A journal of trading that grows by seconds; prices walk, and signals say up."""

    def __init__(self, data: Path) -> None:
        self.data, self.second = data, 0
        self._luck = random.Random(4)
        self._mids = dict.fromkeys(SYMBOLS, 100.0)
        self._path = partition_path(data, "trading", TRADING)

    def writer(self) -> JournalWriter:
        self._path.parent.mkdir(parents=True, exist_ok=True)
        return JournalWriter(self._path, venue=VENUE, shard=TRADING, block_ns=LIVE_BLOCK_NS)

    def passes(self, seconds: int, *more: AnyMessage) -> None:
        """One row each second; `more` comes with the first."""
        with self.writer() as journal:
            for _ in range(seconds):
                self.second += 1
                time_ns = START + self.second * SECOND
                messages = [*more, *self._messages(time_ns)]
                more = ()
                journal.append([time_ns] * len(messages), [encode(one) for one in messages])

    def _messages(self, time_ns: int) -> list[AnyMessage]:
        found: list[AnyMessage] = []
        for symbol in SYMBOLS:
            self._mids[symbol] *= 1 + self._luck.gauss(0, 2e-4)
            mid = round(self._mids[symbol], 2)
            found.append(
                Quote(venue="simulated", instrument=symbol, time_ns=time_ns, bid_price=mid, bid_size=1e5,
                      ask_price=mid + 0.01, ask_size=1e5, valid=True, tick_size=0.01, lot_size=0.01)
            )  # fmt: skip
            if self.second % 2:
                said = {"timeframe": "ultra_short", "direction": 1.0, "confidence": 0.9, "volatility": 2e-4}
                found.append(
                    Signal(venue="simulated", instrument=symbol, time_ns=time_ns, regime="calm/bull/trending",
                           evidence={}, **said)
                )  # fmt: skip
        return found

    def answered(self, late_s: float = 0.1) -> int:
        """Let the solver answer what is asked, so long after the newest row; how many."""
        now_ns = START + self.second * SECOND + round(late_s * SECOND)
        with self.writer() as journal:
            desk = Desk(self.data, journal, Child(), PortfolioOptimizer(), Patience(), ManualClock(now_ns))  # type: ignore[arg-type]
            count = desk.turn(threading.Event())
            desk.close()
        return count

    def asked(self) -> list[Problem]:
        path = partition_path(self.data, "problems", PROBLEMS)
        with JournalReader(path) as journal:
            found = [decode(bytes(frame)) for row in journal.read(0, 10_000) for frame in row.frames]
        assert all(isinstance(one, Problem) for one in found)
        return found  # type: ignore[return-value]


def settings_of(data: Path) -> Settings:
    return load(
        None, data=data, portfolio=PORTFOLIO, execution={"latency_ms": 1.0}, store={"port": 0},
        regimes={"timeframes": {"ultra_short": "1s"}},
    )  # fmt: skip


def rows(client: Client, query: str, **values: str) -> list[dict[str, object]]:
    return list(client.query(query, parameters=values).named_results())


def test_what_is_asked_is_answered_traded_and_explained(tmp_path: Path) -> None:
    settings, market = settings_of(tmp_path), Market(tmp_path)
    with opened_store(settings) as dsn:
        client = connect(dsn)

        def run() -> None:
            run_trading(settings, stop=threading.Event(), follow=False, dsn=dsn)

        market.passes(WARM_S)
        run()
        asked = market.asked()
        assert asked
        assert asked[-1].equity == pytest.approx(100_000.0)
        assert rows(client, "select * from orders") == []

        assert market.answered() == len(asked)
        market.passes(MORE_S)
        run()
        [told] = rows(client, "select * from solutions where refused = ''")
        assert (told["request"], told["rung"]) == (asked[-1].request, "optimal")
        filled = rows(client, "select distinct client_order_id as id, offset from fills order by offset")
        assert len(filled) == len(SYMBOLS)

        [why] = rows(client, EXPLAINED, id=str(filled[0]["id"]))
        assert (why["rung"], why["request"]) == ("optimal", asked[-1].request)
        assert str(why["reason"]).startswith(f"optimal of row {asked[-1].request}")
        assert why["trigger"] in ("regime", "drift", "schedule")
        assert why["duals"], "a limit binds, and what it is worth is told"
        assert min(why["expected"].values()) > 0  # type: ignore[attr-defined]
        assert why["limits"]["net"] == 0.2  # type: ignore[index]
        held = {row["instrument"]: row["size"] for row in rows(client, "select * from current_positions")}
        assert sum(held.values()) * 100.0 == pytest.approx(100_000.0 * sum(told["weights"].values()), rel=0.01)  # type: ignore[attr-defined, arg-type]

        market.passes(20)
        run()
        orders = rows(client, "select * from orders order by offset, row")
        for table in ("rebalances", "problems", "solutions", "correlations", "targets"):
            assert rows(client, f"select count() as n from {table}")[0]["n"], table
    copied = settings.model_copy(update={"data": tmp_path / "copy"})
    shutil.copytree(tmp_path / "journal", copied.data / "journal")
    with opened_store(copied) as dsn:  # a replay reads the answers that were given, and asks nobody
        run_trading(copied, stop=threading.Event(), follow=False, dsn=dsn)
        assert rows(connect(dsn), "select * from orders order by offset, row") == orders
