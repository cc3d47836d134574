"""A slow, obvious client of each venue: dictionaries of the texts on the wire. It checks what the venue lets it check.

`told(venue, frame)` gives (stream, snapshot, bids, asks, facts) of each book message in a frame.
"""

import json
from collections import namedtuple
from decimal import Decimal
from zlib import crc32

Told = namedtuple("Told", "symbol snapshot bids asks facts")


def loads(data):
    return json.loads(data, parse_float=str, parse_int=str)


def told(venue, data):
    if data == b"pong":
        return []
    m = loads(data)
    if venue.startswith("binance"):
        d = m.get("data", {})
        return [Told(d["s"], False, d["b"], d["a"], d)] if d.get("e") == "depthUpdate" else []
    if venue == "coinbase":
        if m.get("channel") != "l2_data":
            return []
        (event,) = m["events"]
        sides = [
            [(one["price_level"], one["new_quantity"]) for one in event["updates"] if one["side"] == side]
            for side in ("bid", "offer")
        ]
        return [Told(event["product_id"], event["type"] == "snapshot", *sides, m)]
    if venue == "kraken":
        if m.get("channel") != "book":
            return []
        (row,) = m["data"]
        sides = [[(one["price"], one["qty"]) for one in row[side]] for side in ("bids", "asks")]
        return [Told(row["symbol"], m["type"] == "snapshot", *sides, row)]
    if venue.startswith("bybit"):
        if not m.get("topic", "").startswith("orderbook."):
            return []
        return [Told(m["data"]["s"], m["type"] == "snapshot", m["data"]["b"], m["data"]["a"], m["data"])]
    if venue == "okx":
        if m.get("arg", {}).get("channel") != "books" or "data" not in m:
            return []
        (row,) = m["data"]
        sides = [[level[:2] for level in row[side]] for side in ("bids", "asks")]
        return [Told(m["arg"]["instId"], m["action"] == "snapshot", *sides, row)]
    rows = []
    for row in m if isinstance(m, list) else []:
        if row.get("T") == "o":
            sides = [[(one["p"], one["s"]) for one in row[side]] for side in ("b", "a")]
            rows.append(Told(row["S"], row.get("r", False), *sides, row))
        elif row.get("ev") == "XL2":
            rows.append(Told(row["pair"], True, row["b"], row["a"], row))
    return rows


class Client:
    """The books of one connection. `wrong` names what the venue's own rules found."""

    def __init__(self, venue, depth=None):
        self.venue, self.depth = venue, depth
        self.books, self.last, self.wrong = {}, {}, []

    def take(self, data):
        for one in told(self.venue, data):
            self.apply(one)

    def apply(self, one):
        bids, asks = self.books.setdefault(one.symbol, ({}, {}))
        if one.snapshot:
            bids.clear(), asks.clear()
        for book, levels in ((bids, one.bids), (asks, one.asks)):
            for price, size in levels:
                if Decimal(size):
                    book[Decimal(price)] = size
                else:
                    book.pop(Decimal(price), None)
            if self.depth is not None:
                for price in self.ordered(book, reverse=book is bids)[self.depth :]:
                    del book[price]
        self.check(one)

    def ordered(self, book, *, reverse):
        return sorted(book, reverse=reverse)

    def check(self, one):
        before, facts = self.last.get(one.symbol), one.facts
        if self.venue == "kraken":
            if crc32(self.hashed(one.symbol).encode()) != int(facts["checksum"]):
                self.wrong.append(f"checksum of {one.symbol}")
        elif self.venue.startswith("bybit"):
            self.chain(one, None if before is None or one.snapshot else before + 1, int(facts["u"]), int(facts["u"]))
        elif self.venue == "okx":
            self.chain(one, None if one.snapshot else before, int(facts["prevSeqId"]), int(facts["seqId"]))
        elif self.venue == "binance-usdm":
            self.chain(one, before, int(facts["pu"]), int(facts["u"]))
        elif self.venue == "binance-spot":
            self.chain(one, None if before is None else before + 1, int(facts["U"]), int(facts["u"]))

    def chain(self, one, expected, found, now):
        if expected is not None and expected != found:
            self.wrong.append(f"{one.symbol}: expected {expected}, found {found}")
        self.last[one.symbol] = now

    def hashed(self, symbol):
        """Kraken's text: prices and sizes as they came, asks first, ten of each."""
        bids, asks = self.books[symbol]
        decimals = max(-price.as_tuple().exponent for price in (*bids, *asks))
        text = ""
        for book, reverse in ((asks, False), (bids, True)):
            for price in self.ordered(book, reverse=reverse)[:10]:
                shown = f"{price:.{decimals}f}"
                text += shown.replace(".", "").lstrip("0") + book[price].replace(".", "").lstrip("0")
        return text


def truth(desk, symbol, depth=None):
    """The desk's true book as a client should hold it: decimals by side."""
    i = desk.symbols[symbol]
    row = desk.market.listings[i]
    tick, lot = Decimal(row.tick_size), Decimal(row.lot_size)
    return tuple(
        {(ticks * tick).normalize(): (lots * lot).normalize() for ticks, lots in desk.market.books[i].best(side, depth)}
        for side in (1, -1)
    )


def held(client, symbol):
    """The client's book in the same form."""
    return tuple(
        {price.normalize(): Decimal(size).normalize() for price, size in book.items()} for book in client.books[symbol]
    )
