create table venue_bars
(
    venue LowCardinality(String) comment 'exchange or market segment, such as binance-usdm',
    instrument LowCardinality(String) comment 'symbol as the venue spells it',
    timeframe LowCardinality(String) comment '1s, 1m, 1d and so on',
    open_time DateTime64(9, 'UTC') codec(DoubleDelta, ZSTD(1)) comment 'UTC, a multiple of the timeframe',
    receive_time DateTime64(9, 'UTC') codec(DoubleDelta, ZSTD(1)) comment 'when we received it, UTC',
    open Float64 codec(ZSTD(1)) comment 'quote currency',
    high Float64 codec(ZSTD(1)) comment 'quote currency',
    low Float64 codec(ZSTD(1)) comment 'quote currency',
    close Float64 codec(ZSTD(1)) comment 'quote currency',
    volume Float64 codec(ZSTD(1)) comment 'base units, shares or contracts',
    notional Float64 codec(ZSTD(1)) comment 'volume times the venue''s mean price; nan where it gives none',
    trades Int64 codec(T64, ZSTD(1)) comment 'number of trades; 0 where the venue does not say',
    updated Bool codec(ZSTD(1)) comment 'whether it replaces one that was published before',
    shard LowCardinality(String) comment 'stream it was derived from, such as binance-usdm/0',
    `offset` Int64 codec(DoubleDelta, ZSTD(1)) comment 'row of the shard''s journal it was derived from',
    frame Int32 codec(Delta, ZSTD(1)) comment 'position of the frame in that journal row'
)
engine = ReplacingMergeTree
partition by toYYYYMM(receive_time)
order by (venue, instrument, timeframe, open_time, receive_time, shard, `offset`, frame)
settings non_replicated_deduplication_window = 10000
comment 'bars as the venue itself publishes them, to hold ours against'
