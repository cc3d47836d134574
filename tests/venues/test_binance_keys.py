"""The tables of keys and the structs of the slow path say the same of every message."""

import msgspec
import pytest

from venues.binance import frames
from venues.binance.keys import (
    AGGREGATE_TRADE,
    FUTURES_DEPTH,
    FUTURES_KEYS,
    FUTURES_TICKER,
    MARK_PRICE,
    SPOT_DEPTH,
    SPOT_KEYS,
    SPOT_TICKER,
    TRADE,
)
from venues.binance.read import EVENT_STREAMS, FUTURES_READERS, SPOT_READERS
from venues.keys import Layout, Object

PAIRS = [
    (SPOT_DEPTH, frames.SpotDepth),
    (FUTURES_DEPTH, frames.FuturesDepth),
    (SPOT_TICKER, frames.SpotTicker),
    (FUTURES_TICKER, frames.FuturesTicker),
    (TRADE, frames.Trade),
    (AGGREGATE_TRADE, frames.AggregateTrade),
    (MARK_PRICE, frames.MarkPrice),
]


@pytest.mark.parametrize(("message", "struct"), PAIRS)
def test_a_table_has_the_keys_of_its_struct(message: Object, struct: type[msgspec.Struct]) -> None:
    fields = msgspec.structs.fields(struct)
    assert {field.key: field.required for field in message.fields} == {field.name: field.required for field in fields}


@pytest.mark.parametrize(("layout", "readers"), [(SPOT_KEYS, SPOT_READERS), (FUTURES_KEYS, FUTURES_READERS)])
def test_streams_and_events_have_the_words_of_the_readers(layout: Layout, readers: dict[str, object]) -> None:
    streams, events = (entrance.messages for entrance in layout.entrances)
    assert set(streams) == set(readers) - {"lastUpdateId"}
    assert {EVENT_STREAMS.get(word or "bookTicker", word or "bookTicker") for word in events} == set(streams)
