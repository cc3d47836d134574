"""The tables of keys of Bybit and OKX say what the structs of the slow path say, or less."""

import msgspec
import pytest

from venues.bybit import frames as bybit
from venues.bybit import keys as bybit_keys
from venues.bybit.read import READERS as BYBIT_READERS
from venues.keys import Array, Form, Object
from venues.okx import frames as okx
from venues.okx import keys as okx_keys
from venues.okx.read import READERS as OKX_READERS

PAIRS = [
    (bybit_keys.BOOK, bybit.BookFrame),
    (bybit_keys.BEST, bybit.BookFrame),
    (bybit_keys.TRADES, bybit.TradeFrame),
    (bybit_keys.TICKER, bybit.TickerFrame),
    (okx_keys.BOOKS, okx.Frame[okx.Book]),
    (okx_keys.PICTURES, okx.Frame[okx.Book]),
    (okx_keys.TRADES, okx.Frame[okx.Trade]),
    (okx_keys.TICKERS, okx.Frame[okx.Ticker]),
    (okx_keys.MARKS, okx.Frame[okx.MarkPrice]),
    (okx_keys.FUNDINGS, okx.Frame[okx.Funding]),
]


def agree(table: Object, info: msgspec.inspect.Type) -> None:
    """Every key of a table is a field of the struct, and what the struct asks for, the table asks for too."""
    assert isinstance(info, msgspec.inspect.StructType)
    told = {field.name: field for field in info.fields}
    listed = {field.key: field for field in table.fields}
    for key, field in listed.items():
        if key not in told:
            assert (field.form, field.required) == (Form.ANY, False), key
            continue
        inner, kind = field.form, told[key].type
        if isinstance(inner, Array):
            assert isinstance(kind, msgspec.inspect.ListType)
            inner, kind = inner.of, kind.item_type
        if isinstance(inner, Object):
            agree(inner, kind)
    asked = {name for name, field in told.items() if field.required}
    assert asked <= {key for key, field in listed.items() if field.required}


@pytest.mark.parametrize(("table", "struct"), PAIRS)
def test_a_table_says_no_more_than_its_struct(table: Object, struct: object) -> None:
    agree(table, msgspec.inspect.type_info(struct))


def test_every_table_has_a_reader() -> None:
    assert set(bybit_keys.MESSAGES) <= set(BYBIT_READERS)
    assert set(okx_keys.MESSAGES) <= set(OKX_READERS)
