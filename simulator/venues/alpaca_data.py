"""Alpaca's data messages: trades, quotes, books, bars, halts, corrections; and how they are packed as msgpack.

Sources: docs.alpaca.markets real-time-stock-pricing-data and crypto-pricing-data, whose examples give the key order.
"""

import json
from collections.abc import Sequence
from datetime import datetime
from typing import TYPE_CHECKING, Any

import msgspec

from simulator.venues.book import BUY, Level
from simulator.venues.desk import Desk
from simulator.venues.market import Trade

if TYPE_CHECKING:
    from simulator.venues.alpaca import Alpaca

SCATTER = 6_364_136_223_846_793_005  # ids of crypto trades look random and pass 2^53
TIMESTAMP = -1  # extension type (msgpack specification, timestamp)
ROUND_LOT = 100
REGULAR, ODD = '"@"', '"@","I"'  # conditions
HALT = ("H", "Trading Halt", "LUDP", "Volatility Trading Pause")
RESUMPTION = ("T", "Trading Resumption", "", "")
CORRECTED, CANCELLED = 97, 89  # every so many trades of a stock


def trades(venue: "Alpaca", desk: Desk, i: int, found: Sequence[Trade]) -> None:
    """All trades of a step in one message, and what becomes of some."""
    symbol, one, time = desk.market.listings[i].symbol, venue.print[i], venue.clock.text(desk.stamp_ns, digits=9)
    rows = []
    for trade in found:
        price, size = one.price(trade.ticks), one.size(trade.lots)
        if venue.crypto:
            number = trade_id(trade)
            side = "B" if trade.side == BUY else "S"
            rows.append(f'{{"T":"t","S":"{symbol}","p":{price},"s":{size},"t":"{time}","i":{number},"tks":"{side}"}}')
        else:
            place = "D" if trade.number % 5 == 0 else "V"
            rows.append(
                f'{{"T":"t","S":"{symbol}","i":{trade.number},"x":"{place}","p":{price},"s":{size},'
                f'"c":[{ODD if trade.lots < ROUND_LOT else REGULAR}],"z":"C","t":"{time}"}}'
            )
    venue.publish(desk, "trades", symbol, f"[{','.join(rows)}]")
    for trade in found if not venue.crypto else ():
        _amend(venue, desk, symbol, time, trade, one.price(trade.ticks), one.price(trade.ticks + 1))


def trade_id(trade: Trade) -> int:
    """The id of a crypto trade."""
    return trade.number * SCATTER % (1 << 63)


def _amend(venue: "Alpaca", desk: Desk, symbol: str, time: str, trade: Trade, price: str, better: str) -> None:
    if trade.number % CORRECTED == 0:
        text = (
            f'[{{"T":"c","S":"{symbol}","x":"V","oi":{trade.number},"op":{price},"os":{trade.lots},"oc":["@"],'
            f'"ci":{trade.number + 10**9},"cp":{better},"cs":{trade.lots},"cc":["@"],"z":"C","t":"{time}"}}]'
        )
        venue.publish(desk, "corrections", symbol, text)
    elif trade.number % CANCELLED == 0:
        text = (
            f'[{{"T":"x","S":"{symbol}","i":{trade.number},"x":"V","p":{price},"s":{trade.lots},"a":"C","z":"C",'
            f'"t":"{time}"}}]'
        )
        venue.publish(desk, "cancelErrors", symbol, text)


def quote(venue: "Alpaca", desk: Desk, i: int, touch: tuple[int, int, int, int]) -> None:
    """Best bid and ask; of stocks in shares, as since 2025-11-03."""
    symbol, one, time = desk.market.listings[i].symbol, venue.print[i], venue.clock.text(desk.stamp_ns, digits=9)
    bid, bid_lots, ask, ask_lots = touch
    bid_price, ask_price = one.price(bid), one.price(ask)
    if venue.crypto:
        sizes = one.size(bid_lots), one.size(ask_lots)
        text = f'"bp":{bid_price},"bs":{sizes[0]},"ap":{ask_price},"as":{sizes[1]},"t":"{time}"'
    else:
        text = (
            f'"bx":"V","bp":{bid_price},"bs":{bid_lots},"ax":"V","ap":{ask_price},"as":{ask_lots},"c":["R"],"z":"C",'
            f'"t":"{time}"'
        )
    venue.publish(desk, "quotes", symbol, f'[{{"T":"q","S":"{symbol}",{text}}}]')


def book(venue: "Alpaca", desk: Desk, i: int, sides: tuple[list[Level], list[Level]]) -> None:
    """What changed in a book."""
    text = book_text(venue, desk, i, sides, full=False)
    venue.publish(desk, "orderbooks", desk.market.listings[i].symbol, text)


def book_text(venue: "Alpaca", desk: Desk, i: int, sides: tuple[list[Level], list[Level]], *, full: bool) -> str:
    """A book, or changes of it."""
    symbol, one = desk.market.listings[i].symbol, venue.print[i]
    bids, asks = (
        ",".join([f'{{"p":{one.price(ticks)},"s":{one.size(lots)}}}' for ticks, lots in side]) for side in sides
    )
    time = venue.clock.text(desk.stamp_ns, digits=9)
    reset = ',"r":true' if full else ""
    return f'[{{"T":"o","S":"{symbol}","t":"{time}","b":[{bids}],"a":[{asks}]{reset}}}]'


def bar(venue: "Alpaca", desk: Desk, i: int) -> None:
    """The minute that is over."""
    minute = venue.minutes.end(i)
    if minute is None:
        return
    symbol, one = desk.market.listings[i].symbol, venue.print[i]
    prices = [one.price(ticks) for ticks in (minute.open, minute.high, minute.low, minute.close, minute.vwap)]
    text = (
        f'[{{"T":"b","S":"{symbol}","o":{prices[0]},"h":{prices[1]},"l":{prices[2]},"c":{prices[3]},'
        f'"v":{one.size(minute.lots)},"t":"{venue.clock.text(minute.start_ns, digits=0)}","n":{minute.trades},'
        f'"vw":{prices[4]}}}]'
    )
    venue.publish(desk, "bars", symbol, text)


def status(venue: "Alpaca", desk: Desk, i: int) -> None:
    """Halted, or trading again; and the price band that goes with it."""
    symbol, one, time = desk.market.listings[i].symbol, venue.print[i], venue.clock.text(desk.stamp_ns, digits=9)
    code, words, reason, why = HALT if venue.halted else RESUMPTION
    text = (
        f'[{{"T":"s","S":"{symbol}","sc":"{code}","sm":"{words}","rc":"{reason}","rm":"{why}","t":"{time}","z":"C"}}]'
    )
    venue.publish(desk, "statuses", symbol, text)
    mark = desk.market.mark(i)
    band = f'"u":{one.price(mark * 21 // 20)},"d":{one.price(mark * 19 // 20)},"i":"B"'
    venue.publish(desk, "lulds", symbol, f'[{{"T":"l","S":"{symbol}",{band},"t":"{time}","z":"C"}}]')


def packed(text: str) -> bytes:
    """The same message as msgpack; times are of its own type."""
    rows = json.loads(text)
    for row in rows:
        if "t" in row:
            row["t"] = _timestamp(row["t"])
    return msgspec.msgpack.encode(rows)


def unpacked(data: bytes) -> dict[str, Any] | None:
    """A client's msgpack message."""
    try:
        found = msgspec.msgpack.decode(data)
    except (msgspec.MsgspecError, RecursionError):
        return None
    return found if isinstance(found, dict) else None


def _timestamp(text: str) -> msgspec.msgpack.Ext:
    """12 bytes: nanoseconds, then seconds."""
    whole, _, fraction = text.removesuffix("Z").partition(".")
    seconds = int(datetime.fromisoformat(f"{whole}+00:00").timestamp())
    nanoseconds = int(fraction.ljust(9, "0"))
    return msgspec.msgpack.Ext(TIMESTAMP, nanoseconds.to_bytes(4, "big") + seconds.to_bytes(8, "big", signed=True))
