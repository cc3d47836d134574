"""Massive's events: trades, quotes, pictures of crypto books, minute bars, price bands.

Source: massive-com/client-python .massive/websocket.json, whose examples give the key order. Units of time are not
uniform: ms but for price bands, whose sample is in µs.
"""

from collections.abc import Sequence
from typing import TYPE_CHECKING

from market.clock import MILLISECOND_NS
from simulator.venues.book import BUY, SELL, Level
from simulator.venues.desk import Desk
from simulator.venues.market import Trade
from simulator.venues.minute import MINUTE_NS
from simulator.venues.wire import Printer

if TYPE_CHECKING:
    from simulator.venues.massive import Massive

PICTURE_LEVELS = 100
LEVELS_KEPT = 1 << 16
ROUND_LOT = 100
EXCHANGE = 1  # of crypto: Coinbase
LAG_MS = 13  # from the exchange to the vendor
HALTED, BAND = 17, 21  # indicators


def trades(venue: "Massive", desk: Desk, i: int, found: Sequence[Trade]) -> None:
    """All trades of a step in one message."""
    channel, symbol = "XT" if venue.crypto else "T", desk.market.listings[i].symbol
    if not venue.heard(desk, channel, symbol):
        return
    one, stamp = venue.print[i], desk.stamp_ns // MILLISECOND_NS
    rows = []
    for trade in found:
        price, size = one.price(trade.ticks), one.size(trade.lots)
        if venue.crypto:
            rows.append(
                f'{{"ev":"XT","pair":"{symbol}","p":{price},"t":{stamp - LAG_MS},"s":{size},'
                f'"c":[{2 if trade.side == BUY else 1}],"i":{trade.number},"x":{EXCHANGE},"r":{stamp}}}'
            )
        else:
            odd = ',"c":[37]' if trade.lots < ROUND_LOT else ""
            rows.append(
                f'{{"ev":"T","sym":"{symbol}","x":4,"i":"{trade.number}","z":3,"p":{price},"s":{size}{odd},'
                f'"t":{stamp},"q":{_number(venue, i)},"ds":"{size}"}}'
            )
    venue.publish(desk, channel, symbol, f"[{','.join(rows)}]")


def quote(venue: "Massive", desk: Desk, i: int, touch: tuple[int, int, int, int]) -> None:
    """Best bid and ask; of stocks in shares, as since 2025-11-03."""
    channel, symbol = "XQ" if venue.crypto else "Q", desk.market.listings[i].symbol
    if not venue.heard(desk, channel, symbol):
        return
    one, stamp = venue.print[i], desk.stamp_ns // MILLISECOND_NS
    bid, bid_lots, ask, ask_lots = touch
    if venue.crypto:
        text = (
            f'{{"ev":"XQ","pair":"{symbol}","lp":0,"ls":0,"bp":{one.price(bid)},"bs":{one.size(bid_lots)},'
            f'"ap":{one.price(ask)},"as":{one.size(ask_lots)},"t":{stamp - LAG_MS},"x":{EXCHANGE},"r":{stamp}}}'
        )
    else:
        text = (
            f'{{"ev":"Q","sym":"{symbol}","bx":4,"bp":{one.price(bid)},"bs":{bid_lots},"ax":7,"ap":{one.price(ask)},'
            f'"as":{ask_lots},"c":0,"i":[604],"t":{stamp},"q":{_number(venue, i)},"z":3}}'
        )
    venue.publish(desk, channel, symbol, f"[{text}]")


class Levels(dict[Level, str]):
    """Texts of levels, made when first asked for; most levels of a picture were in the one before."""

    def __init__(self, one: Printer) -> None:
        super().__init__()
        self._one = one

    def __missing__(self, level: Level) -> str:
        if len(self) >= LEVELS_KEPT:
            self.clear()
        text = self[level] = f"[{self._one.price(level[0])},{self._one.size(level[1])}]"
        return text


def picture(venue: "Massive", desk: Desk, i: int) -> None:
    """The best 100 levels a side of one exchange."""
    symbol = desk.market.listings[i].symbol
    if not venue.heard(desk, "XL2", symbol):
        return
    stamp, book, texts = desk.stamp_ns // MILLISECOND_NS, desk.market.books[i], venue.pictures[i]
    bids, asks = (",".join([texts[level] for level in book.best(side, PICTURE_LEVELS)]) for side in (BUY, SELL))
    text = (
        f'[{{"ev":"XL2","pair":"{symbol}","t":{stamp - LAG_MS},"r":{stamp},"x":{EXCHANGE},"b":[{bids}],"a":[{asks}]}}]'
    )
    venue.publish(desk, "XL2", symbol, text)


def bar(venue: "Massive", desk: Desk, i: int) -> None:
    """The minute that is over."""
    minute, symbol, one = venue.minutes.end(i), desk.market.listings[i].symbol, venue.print[i]
    if minute is None:
        return
    first, high, low, last = (one.price(ticks) for ticks in (minute.open, minute.high, minute.low, minute.close))
    mean, volume, start = one.price(minute.vwap), one.size(minute.lots), minute.start_ns // MILLISECOND_NS
    end = start + MINUTE_NS // MILLISECOND_NS
    if venue.crypto:
        text = (
            f'[{{"ev":"XA","pair":"{symbol}","v":{volume},"vw":{mean},"z":73,"o":{first},"c":{last},"h":{high},'
            f'"l":{low},"s":{start},"e":{end}}}]'
        )
        venue.publish(desk, "XA", symbol, text)
    else:
        text = (
            f'[{{"ev":"AM","sym":"{symbol}","v":{volume},"av":9470157,"op":{first},"vw":{mean},"o":{first},"c":{last},'
            f'"h":{high},"l":{low},"a":{mean},"z":685,"s":{start},"e":{end}}}]'
        )
        venue.publish(desk, "AM", symbol, text)


def band(venue: "Massive", desk: Desk, i: int, *, halted: bool) -> None:
    """Limit up, limit down; in µs."""
    symbol, one, mark = desk.market.listings[i].symbol, venue.print[i], desk.market.mark(i)
    high, low = one.price(mark * 21 // 20), one.price(mark * 19 // 20)
    text = (
        f'[{{"ev":"LULD","T":"{symbol}","h":{high},"l":{low},"i":[{HALTED if halted else BAND}],"z":3,'
        f'"t":{desk.stamp_ns // 1000},"q":{_number(venue, i)}}}]'
    )
    venue.publish(desk, "LULD", symbol, text)


def _number(venue: "Massive", i: int) -> int:
    venue.numbers[i] += 1
    return venue.numbers[i]
