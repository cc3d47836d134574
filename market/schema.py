"""Dtypes of every row that flows: EVENT and MARK before the book, TICK and BOOK from it on, frames from the bars on.

Names in capitals that are NumPy structs are for kernels; those that are dicts are schemas of Polars frames.

Times are int64 nanoseconds UTC. `NO_TIME` stands where the venue gives none. Column names here are the names in
ClickHouse, in the API and on the dashboards.
"""

from enum import IntEnum

import numpy as np
import polars as pl

NO_TIME = 0
NO_SEQUENCE = -1
NO_CHECKSUM = 0


class Kind(IntEnum):
    """What an EVENT row, or a tick row, is."""

    LEVEL = 0  # one price level of the message header above it
    SNAPSHOT = 1  # header: full book, replaces
    DEPTH = 2  # header: absolute changes of levels
    TICKER = 3  # header: the venue's own best bid and ask; two LEVEL rows follow
    TRADE = 4  # one match
    AGGREGATE_TRADE = 5  # matches of one taker order at one price
    RESET = 6  # the feed of this instrument was interrupted; its book must not be trusted
    # One order of the message header above it, instead of a level (operators/book/order_rows.py):
    ORDER_ADD = 7  # stands at this price with this size from now on
    ORDER_REDUCE = 8  # this size of it was cancelled
    ORDER_EXECUTE = 9  # this size of it was executed
    ORDER_DELETE = 10  # is gone
    PICTURE = 11  # header: full book again, of a feed that sends no changes; as a tick it is a DEPTH
    QUOTE = 12  # header: best bid, best ask or both of one exchange (`previous`) of many: operators/book/consolidate.py


class Flag(IntEnum):
    """Bits of EVENT.flags."""

    # A print that no order in the book met: insurance fund, liquidation, block; a QUOTE that the venue doubts.
    OFF_BOOK = 1
    SHED = 2  # on RESET: frames were shed by us
    DISCONNECTED = 4  # on RESET: the socket was lost
    SILENT = 8  # on RESET: the subscription went silent
    TICK_CHANGED = 16  # on RESET: the price step changed, integer ticks no longer compare
    MISSED = 32  # on RESET: the connection's counter shows that frames never came
    UNREAD = 128  # on RESET: a frame could not be read, and nothing later would show what it held
    BEST = 64  # on QUOTE: the best of all exchanges, not only of its own


# One row per message header and per price level, in receive order, contiguous, 64 bytes.
EVENT = np.dtype(
    [
        ("exchange_time", np.int64),  # ns, NO_TIME where the venue gives none
        ("receive_time", np.int64),  # ns
        # depth, snapshot, ticker: final update id, 0 where the venue counts nothing; trades: trade id, or a hash of it
        ("sequence", np.int64),
        ("previous", np.int64),  # depth: the update id this message continues; orders: id; quotes: exchange
        ("price", np.int64),  # integer ticks; snapshot, depth: the venue's CRC32 of the book after it, or NO_CHECKSUM
        ("size", np.float64),  # base units or contracts; 0 deletes a level
        ("instrument", np.int32),  # row in the shard's instrument table
        ("levels", np.int32),  # headers: number of LEVEL rows that follow
        ("frame", np.int32),  # position of the frame in its journal batch
        ("kind", np.int8),  # Kind
        ("side", np.int8),  # +1 buy or bid, −1 sell or ask; the aggressor's for trades
        ("flags", np.uint16),  # Flag bits
    ],
    align=True,
)

DEPTH_LEVELS = 10  # levels a side that a BOOK row holds
BANDS_BPS = (1, 5, 10, 25)  # distances from the mid price within which a BOOK row sums depth

# One row per book message, ticker message, trade or reset, in receive order.
TICK = np.dtype(
    [
        ("exchange_time", np.int64),  # ns
        ("receive_time", np.int64),  # ns
        ("sequence", np.int64),  # update id of the quote in this row; trades: trade id
        ("bid_price", np.float64),  # quote currency, NaN where not valid
        ("bid_size", np.float64),
        ("ask_price", np.float64),
        ("ask_size", np.float64),
        ("price", np.float64),  # trades: price; NaN elsewhere
        ("size", np.float64),  # trades: size; NaN elsewhere
        ("instrument", np.int32),  # row in the shard's instrument table
        ("frame", np.int32),  # position of the frame in its journal batch
        ("book", np.int32),  # row of batch.books that belongs to this row; NO_BOOK elsewhere
        ("kind", np.int8),  # Kind of a message: neither LEVEL nor an order
        ("side", np.int8),  # trades: aggressor; 0 elsewhere
        ("valid", np.bool_),  # whether the quote is the venue's state at `sequence` beyond doubt
        ("off_book", np.bool_),  # trades: not matched in the book
    ],
    align=True,
)

# One row per valid SNAPSHOT or DEPTH tick, in their order: what the whole book looked like after it.
BOOK = np.dtype(
    [
        ("bid_price", np.float64, (DEPTH_LEVELS,)),  # quote currency, best first; NaN where the book has fewer levels
        ("bid_size", np.float64, (DEPTH_LEVELS,)),  # 0 where the book has fewer levels
        ("ask_price", np.float64, (DEPTH_LEVELS,)),
        ("ask_size", np.float64, (DEPTH_LEVELS,)),
        ("bid_depth", np.float64, (len(BANDS_BPS),)),  # total size not further than BANDS_BPS below the mid price
        ("ask_depth", np.float64, (len(BANDS_BPS),)),
        ("bid_added", np.float64),  # sum of what levels grew by with this message; 0 for snapshots
        ("bid_removed", np.float64),  # sum of what levels shrank by, not below 0
        ("ask_added", np.float64),
        ("ask_removed", np.float64),
    ],
    align=True,
)
NO_BOOK = -1

# One row per mark price, in receive order.
MARK = np.dtype(
    [
        ("exchange_time", np.int64),  # ns
        ("receive_time", np.int64),  # ns
        ("mark_price", np.float64),  # quote currency
        ("index_price", np.float64),  # NaN where the message gives none
        ("funding_rate", np.float64),  # per funding interval; NaN where there is none
        ("next_funding_time", np.int64),  # ns, NO_TIME where there is none
        ("instrument", np.int32),  # row in the shard's instrument table
        ("frame", np.int32),  # position of the frame in its journal batch
    ],
    align=True,
)

TIMEFRAMES: dict[str, int] = {"1s": 1, "1m": 60, "15m": 900, "1h": 3600, "1d": 86400}  # bar intervals, seconds

GAP: dict[str, type[pl.DataType]] = {
    "instrument": pl.String,
    "receive_time": pl.Int64,  # when this row became known
    "channel": pl.String,  # depth, ticker, mark, trade, status or bar
    # sequence, checksum, duplicate, crossed, limit, edge, disconnected, silent, shed, unread, tick_size,
    # unsynchronised, unverifiable, late, future, suspicious, unknown
    "cause": pl.String,
    "state": pl.String,  # open, healed; a duplicate is healed at once
    "start_time": pl.Int64,  # receive time of the last row known good
    "expected_sequence": pl.Int64,
    "received_sequence": pl.Int64,
    "frame": pl.Int32,
}

# What the market flow asks of capture: a new snapshot of one book.
CONTROL: dict[str, type[pl.DataType]] = {
    "instrument": pl.String,
    "receive_time": pl.Int64,
    "cause": pl.String,  # as in GAP
}

# One row per closed bar, and one more per correction of it by rows that came late. What history does not say is NaN,
# or 0 where it is counted.
BAR: dict[str, type[pl.DataType]] = {
    "instrument": pl.String,
    "timeframe": pl.String,
    "open_time": pl.Int64,  # ns, a multiple of the timeframe
    "close_time": pl.Int64,  # ns, open_time of the next bar
    "receive_time": pl.Int64,  # of the row that closed or corrected it
    "open": pl.Float64,  # first trade price by event time; NaN where no trade
    "high": pl.Float64,
    "low": pl.Float64,
    "close": pl.Float64,
    "volume": pl.Float64,  # sum of trade sizes
    "buy_volume": pl.Float64,  # of aggressive buyers
    "sell_volume": pl.Float64,
    "notional": pl.Float64,  # price × size × contract size; size × contract size for inverse contracts
    "trades": pl.Int64,
    "mid_open": pl.Float64,  # of the valid book; NaN where it had no update in the bar
    "mid_close": pl.Float64,
    "ofi": pl.Float64,  # sum over the book's updates in the bar
    "updates": pl.Int64,  # book updates
    "revision": pl.Int64,  # 0 at the close, one more with every correction
    "origin": pl.String,  # ticks: made of the stream; history: imported as it is
    "frame": pl.Int32,
}

DEAD_LETTER: dict[str, type[pl.DataType]] = {
    "receive_time": pl.Int64,
    "frame": pl.Int32,
    "reason": pl.String,
    "raw": pl.Binary,
}

# One row per word of the venue about whether, and within which prices, an instrument may trade.
STATUS: dict[str, type[pl.DataType]] = {
    "instrument": pl.String,
    "exchange_time": pl.Int64,  # ns, NO_TIME where the venue gives none
    "receive_time": pl.Int64,
    "phase": pl.String,  # open, halted, auction, limited, closed, delisted, limits (a price band alone), unknown
    "code": pl.String,  # the venue's own word
    "reason": pl.String,  # the venue's own reason, "" for none
    "lower_price": pl.Float64,  # of a price band; NaN where there is none
    "upper_price": pl.Float64,
    "frame": pl.Int32,
}

# One row per bar that the venue itself publishes; ours are in BAR.
VENUE_BAR: dict[str, type[pl.DataType]] = {
    "instrument": pl.String,
    "timeframe": pl.String,  # 1s, 1m, 1d, …
    "open_time": pl.Int64,  # ns
    "receive_time": pl.Int64,
    "open": pl.Float64,
    "high": pl.Float64,
    "low": pl.Float64,
    "close": pl.Float64,
    "volume": pl.Float64,
    "notional": pl.Float64,  # volume × the venue's mean price; NaN where it gives none
    "trades": pl.Int64,
    "updated": pl.Boolean,  # it replaces one that was published before
    "frame": pl.Int32,
}

# One row per trade that the venue takes back or corrects, after the fact.
CORRECTION: dict[str, type[pl.DataType]] = {
    "instrument": pl.String,
    "exchange_time": pl.Int64,  # of the correction
    "receive_time": pl.Int64,
    "action": pl.String,  # cancel, correct
    "trade_id": pl.Int64,  # of the trade, as in `trades`
    "price": pl.Float64,  # as it was reported
    "size": pl.Float64,
    "new_trade_id": pl.Int64,  # NO_SEQUENCE for a cancel
    "new_price": pl.Float64,  # NaN for a cancel
    "new_size": pl.Float64,
    "frame": pl.Int32,
}

INSTRUMENT: dict[str, type[pl.DataType]] = {
    "instrument": pl.String,
    "id": pl.Int32,  # row in the shard's instrument table
    "tick_size": pl.Float64,
    "lot_size": pl.Float64,
    "contract_size": pl.Float64,  # base units per 1 of size; quote units if inverse
    "inverse": pl.Boolean,
    "base": pl.String,  # what is traded, in every venue's spelling: BTC; "" unknown
    "quote": pl.String,  # in what it is paid
    "kind": pl.String,  # spot, perpetual, future, option, equity; "" unknown
    "status": pl.String,  # the venue's word: TRADING, online, live, …; "" unknown
    "detection": pl.String,  # how a lost book message shows: counter, chain, range, checksum; none: unverifiable
    "stable_id": pl.String,  # the venue's id that outlives renames; "" where it has none
    "renamed_from": pl.String,  # the symbol before, "" for none
    "effective_time": pl.Int64,  # ns, when this holds from; receive_time where the venue does not say
    "receive_time": pl.Int64,
    "frame": pl.Int32,
}


def empty_events(rows: int) -> "np.ndarray[tuple[int], np.dtype[np.void]]":
    """Zeroed EVENT rows."""
    return np.zeros(rows, EVENT)


def empty_ticks(rows: int) -> "np.ndarray[tuple[int], np.dtype[np.void]]":
    """Zeroed TICK rows."""
    return np.zeros(rows, TICK)


def empty_books(rows: int) -> "np.ndarray[tuple[int], np.dtype[np.void]]":
    """Zeroed BOOK rows."""
    return np.zeros(rows, BOOK)


def empty_marks(rows: int) -> "np.ndarray[tuple[int], np.dtype[np.void]]":
    """Zeroed MARK rows."""
    return np.zeros(rows, MARK)
