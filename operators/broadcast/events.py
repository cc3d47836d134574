"""A book row as events: `quote` always, `book` and `features` where its book is valid."""

from collections.abc import Iterator, Sequence
from math import isfinite

from market.batch import Batch
from market.broadcast import encode_ready, time_text
from market.schema import NO_TIME
from operators.broadcast.waiting import Row


def events(batch: Batch, number: int, row: Row) -> Iterator[tuple[str, bytes]]:
    """Kind and frame of each. The row may be of an earlier batch of the same shard."""
    tick = row.tick
    exchange_time = tick["exchange_time"]
    head = {
        "venue": batch.venue,
        "instrument": batch.instruments[number].symbol,
        "exchange_time": None if exchange_time == NO_TIME else time_text(exchange_time),
        "receive_time": time_text(tick["receive_time"]),
        "sequence": tick["sequence"],
    }
    tail = {"shard": batch.shard, "offset": row.offset, "frame": tick["frame"]}
    names = ("bid_price", "bid_size", "ask_price", "ask_size", "valid")
    yield "quote", encode_ready("quote", {**head, "source": "book", **{name: tick[name] for name in names}, **tail})
    book = row.book
    if book is None:
        return
    sides = {"bids": _levels(book["bid_price"], book["bid_size"]), "asks": _levels(book["ask_price"], book["ask_size"])}
    yield "book", encode_ready("book", {**head, **sides, **tail})
    yield "features", encode_ready("features", {**head, **row.features, **tail})


def _levels(prices: Sequence[float], sizes: Sequence[float]) -> list[tuple[float, float]]:
    """Price and size of each level that the book has, best first."""
    return [(price, size) for price, size in zip(prices, sizes, strict=True) if isfinite(price)]
