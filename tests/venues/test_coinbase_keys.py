"""The tables of keys and the structs of the slow path say the same of every message."""

import msgspec
import pytest

from venues.coinbase import frames
from venues.coinbase.keys import BOOK, KEYS, LEVEL, TICKER, TICKERS, TRADE, TRADES
from venues.coinbase.read import ADVANCED_TRADE
from venues.keys import Object

PAIRS = [
    (LEVEL, frames.Level),
    (BOOK, frames.Book),
    (TRADE, frames.Trade),
    (TRADES, frames.Trades),
    (TICKERS, frames.Tickers),
    *((frame, frames.Frame) for frame in KEYS.entrances[0].messages.values()),
]


@pytest.mark.parametrize(("table", "struct"), PAIRS)
def test_a_table_has_the_keys_of_its_struct(table: Object, struct: type[msgspec.Struct]) -> None:
    fields = msgspec.structs.fields(struct)
    assert {field.key: field.required for field in table.fields} == {field.name: field.required for field in fields}


def test_a_ticker_without_a_quote_is_for_the_slow_path() -> None:
    fields = msgspec.structs.fields(frames.Ticker)
    assert {field.key for field in TICKER.fields} == {field.name for field in fields}
    assert {field.key for field in TICKER.fields if field.required} == {
        *("product_id", "best_bid", "best_bid_quantity", "best_ask", "best_ask_quantity")
    }


def test_its_messages_have_readers() -> None:
    (entrance,) = KEYS.entrances
    assert set(entrance.messages) < set(ADVANCED_TRADE)
