"""The tables of keys and the structs of the slow path say the same of every message."""

import msgspec
import pytest

from venues.keys import Object
from venues.kraken import frames
from venues.kraken.keys import BOOK, KEYS, LEVEL, TICKER, TRADE
from venues.kraken.read import READERS

PAIRS = [
    (LEVEL, frames.Level),
    (BOOK, frames.Book),
    (TRADE, frames.Trade),
    (TICKER, frames.Ticker),
    *((frame, frames.Frame) for frame in KEYS.entrances[0].messages.values()),
]


@pytest.mark.parametrize(("table", "struct"), PAIRS)
def test_a_table_has_the_keys_of_its_struct(table: Object, struct: type[msgspec.Struct]) -> None:
    fields = msgspec.structs.fields(struct)
    assert {field.key: field.required for field in table.fields} == {field.name: field.required for field in fields}


def test_its_messages_have_readers() -> None:
    (entrance,) = KEYS.entrances
    assert set(entrance.messages) < set(READERS)
