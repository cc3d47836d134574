create table bars
(
    venue LowCardinality(String) comment 'exchange or market segment, such as binance-usdm',
    instrument LowCardinality(String) comment 'symbol as the venue spells it',
    timeframe LowCardinality(String) comment '1s, 1m, 15m, 1h or 1d',
    open_time DateTime64(9, 'UTC') codec(DoubleDelta, ZSTD(1)) comment 'start, a multiple of the timeframe, UTC',
    close_time DateTime64(9, 'UTC') codec(DoubleDelta, ZSTD(1)) comment 'end, exclusive, UTC',
    receive_time DateTime64(9, 'UTC') codec(DoubleDelta, ZSTD(1)) comment 'of the row that closed or corrected it, UTC; of history: its close',
    open Float64 codec(ZSTD(1)) comment 'first trade price; nan where no trade',
    high Float64 codec(ZSTD(1)) comment 'highest trade price',
    low Float64 codec(ZSTD(1)) comment 'lowest trade price',
    close Float64 codec(ZSTD(1)) comment 'last trade price',
    volume Float64 codec(ZSTD(1)) comment 'sum of trade sizes',
    buy_volume Float64 codec(ZSTD(1)) comment 'of aggressive buyers',
    sell_volume Float64 codec(ZSTD(1)) comment 'of aggressive sellers',
    notional Float64 codec(ZSTD(1)) comment 'sum of price times size times contract size, quote currency',
    trades Int64 codec(ZSTD(1)) comment 'number of trades',
    mid_open Float64 codec(ZSTD(1)) comment 'first mid price of the valid book; nan where it had no update',
    mid_close Float64 codec(ZSTD(1)) comment 'last mid price',
    ofi Float64 codec(ZSTD(1)) comment 'sum of order flow imbalance over the bar''s book updates',
    updates Int64 codec(ZSTD(1)) comment 'number of book updates',
    revision Int64 codec(ZSTD(1)) comment '0 at the close, one more with every correction; of ticks after history: 1 or more',
    origin LowCardinality(String) comment 'ticks: made of the stream; history: imported as it is, nan or 0 where the file did not say',
    shard LowCardinality(String) comment 'stream it was derived from, such as binance-usdm/0',
    `offset` Int64 codec(DoubleDelta, ZSTD(1)) comment 'row of the shard''s journal it was derived from',
    frame Int32 codec(Delta, ZSTD(1)) comment 'position of the frame in that journal row'
)
engine = ReplacingMergeTree
partition by toYYYYMM(receive_time)
order by (venue, instrument, timeframe, open_time, revision, shard)
settings non_replicated_deduplication_window = 10000
comment 'one row per closed bar, and one more per correction by rows that came late'
