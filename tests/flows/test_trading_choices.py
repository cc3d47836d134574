"""What makes the trading flow begin anew: an account that another state is of."""

import threading
from pathlib import Path

import pytest

from flows.settings import Settings, load
from flows.tables import opened_store
from flows.trading import choices_of, run_trading
from sinks.clickhouse.client import connect
from tests.flows.test_optimizer import Market

OUTSIDE = {"outside": True, "account": "main"}


def of(venue: str = "simulated", **sections: dict[str, object]) -> Settings:
    """Settings with these sections."""
    return Settings.model_validate({"venue": venue, "instruments": ["BBBUSDT"], **sections})


@pytest.mark.parametrize(
    "other",
    [
        of(execution={"account": "main"}),
        of(execution=OUTSIDE | {"account": "other"}),
        of(execution=OUTSIDE, venue="alpaca-iex"),
        of(execution=OUTSIDE, risk={"window_s": 5_000.0}),
        of(execution=OUTSIDE, portfolio={"method": "optimizer"}),
    ],
    ids=["paper", "name", "venue", "shape", "method"],
)
def test_a_state_of_another_account_or_shape_is_not_gone_on_from(other: Settings) -> None:
    assert choices_of(other) != choices_of(of(execution=OUTSIDE))


def test_returns_of_another_step_are_not_taken_for_those_of_this_one() -> None:
    changes: list[dict[str, object]] = [
        {}, {"return_step_s": 60.0}, {"covariance": "dcc"}, {"covariance_half_life_s": 60.0}
    ]  # fmt: skip
    marks = {choices_of(of(portfolio={"method": "optimizer", **changed})) for changed in changes}
    assert len(marks) == 4


def test_what_may_change_under_way_begins_nothing_anew() -> None:
    changed = of(execution=OUTSIDE | {"slippage_bps": 3.0}, risk={"max_drawdown": 0.01, "level": 0.95})
    assert choices_of(changed) == choices_of(of(execution=OUTSIDE))


def test_an_account_outside_does_not_go_on_from_what_one_on_paper_held(tmp_path: Path) -> None:
    market, paper = Market(tmp_path), {"latency_ms": 1.0, "min_notional": 0.0}
    common = {"store": {"port": 0}, "regimes": {"timeframes": {"ultra_short": "1s"}}}
    first, second = (load(None, data=tmp_path, execution=each, **common) for each in (paper, paper | OUTSIDE))
    with opened_store(first) as dsn:
        client = connect(dsn)
        for settings in (first, second):
            market.passes(10)
            run_trading(settings, stop=threading.Event(), follow=False, dsn=dsn)
        told = client.query("select account, max(link), count() from accounts group by account order by account")
        assert told.result_rows == [("main", 0, 20), ("paper", 1, 10)]
