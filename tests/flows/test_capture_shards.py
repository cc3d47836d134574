"""Several captures of one venue share out its instruments and its limits, and keep to each other's bans."""

from pathlib import Path

import pytest

import venues
from flows.capture import budget_paths, captures, run_capture
from flows.settings import load
from market.clock import SECOND_NS, ManualClock
from market.errors import SettingsError
from market.journal import LIVE_BLOCK_NS, partition_path
from market.messages import Resync, encode
from sinks.journal import JournalWriter
from sources.budget import Budget
from sources.budget_file import BudgetFile
from sources.control import ControlTail
from tests.flows.pipe import changed

SYMBOLS = [f"SYMBOL{number}" for number in range(20)]


def test_captures_share_the_instruments_out_and_none_is_left_without(tmp_path: Path) -> None:
    settings = changed(load(None, data=tmp_path, instruments=SYMBOLS), capture={"shards": 4})
    assert sorted(symbol for symbols in captures(settings).values() for symbol in symbols) == sorted(SYMBOLS)
    few = changed(load(None, data=tmp_path, instruments=SYMBOLS[:2]), capture={"shards": 16})
    assert 1 <= len(captures(few)) <= 2
    assert all(captures(few).values())


def test_a_shard_that_is_none_or_has_no_instrument_is_said(tmp_path: Path) -> None:
    settings = changed(load(None, data=tmp_path, instruments=SYMBOLS[:1]), capture={"shards": 8})
    (number,) = captures(settings)
    with pytest.raises(SettingsError, match=r"capture\.shards is 8"):
        run_capture(settings, stop=None, number=8)  # type: ignore[arg-type]
    with pytest.raises(SettingsError, match=r"of shard \d of 8"):
        run_capture(settings, stop=None, number=(number + 1) % 8)  # type: ignore[arg-type]


def test_all_captures_together_have_the_budget_of_one() -> None:
    limits = venues.get("binance-usdm").limits
    one, parts = Budget.of(limits), [Budget.of(limits, 4) for _ in range(4)]
    assert sum(part.weight_per_minute for part in parts) == one.weight_per_minute
    assert one.connections - 4 < sum(part.connections for part in parts) <= one.connections


def test_many_sockets_are_spaced_even_if_each_capture_has_few() -> None:
    alone, shared = Budget(100, sockets=5), Budget(100, sockets=5, sharing=4)
    assert [budget.connect_wait_s(0) for budget in (alone, shared)] == [0, 0]
    assert alone.connect_wait_s(1) == 0
    assert shared.connect_wait_s(1) == pytest.approx(1)


def test_a_ban_of_one_capture_is_kept_to_by_the_others(tmp_path: Path) -> None:
    clock = ManualClock()
    first, second, third = (
        BudgetFile(path, "venue", clock, others).restore(Budget(100))
        for path, *others in (budget_paths(tmp_path, "okx", number, 3) for number in range(3))
    )
    assert second.stopped_s(clock.monotonic_ns()) == 0
    first.banned(100, clock.monotonic_ns(), "HTTP 418")
    clock.advance(2 * SECOND_NS)
    for budget in (first, second, third):
        assert budget.connect_wait_s(clock.monotonic_ns()) == pytest.approx(98)
    clock.advance(98 * SECOND_NS)
    assert third.connect_wait_s(clock.monotonic_ns()) == 0


def test_a_wish_reaches_the_capture_that_has_the_symbol_and_no_other(tmp_path: Path) -> None:
    path = partition_path(tmp_path, "control", "control/0")
    with JournalWriter(path, venue="barograph", shard="control/0", block_ns=LIVE_BLOCK_NS) as journal:
        tails = [ControlTail(tmp_path, venue="okx", symbols=symbols) for symbols in (["A", "B"], ["C"])]
        wishes = [encode(Resync(venue="okx", instrument=symbol, time_ns=1, cause="sequence")) for symbol in "ACBA"]
        journal.append([1] * 4, wishes)
        assert [[wish.symbol for wish in tail.wishes()] for tail in tails] == [["A", "B", "A"], ["C"]]
        for tail in tails:
            tail.close()
