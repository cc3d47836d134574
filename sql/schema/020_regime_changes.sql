create table regime_changes
(
    venue LowCardinality(String) comment 'exchange or market segment, such as binance-usdm',
    instrument LowCardinality(String) comment 'symbol as the venue spells it',
    timeframe LowCardinality(String) comment 'ultra_short (1s), short (1m), medium (1h) or long (1d)',
    time DateTime64(9, 'UTC') codec(DoubleDelta, ZSTD(1)) comment 'close of the bar, UTC',
    receive_time DateTime64(9, 'UTC') codec(DoubleDelta, ZSTD(1)) comment 'when the bar was known to be closed, UTC',
    view LowCardinality(String) comment 'which state changed: that of volatility, direction or dynamics',
    previous LowCardinality(String) comment 'state held until this bar',
    regime LowCardinality(String) comment 'state held from this bar on',
    probability Float64 codec(ZSTD(1)) comment 'of the new state, 0 to 1',
    held_bars Int64 codec(ZSTD(1)) comment 'how many bars the previous state was held',
    evidence Map(LowCardinality(String), Float64) codec(ZSTD(1)) comment 'what the change rests on, by name of the measure',
    shard LowCardinality(String) comment 'stream it was derived from, such as binance-usdm/0',
    `offset` Int64 codec(DoubleDelta, ZSTD(1)) comment 'row of the shard''s journal it was derived from',
    frame Int32 codec(Delta, ZSTD(1)) comment 'position of the frame in that journal row'
)
engine = ReplacingMergeTree
partition by toYYYYMM(receive_time)
order by (venue, instrument, timeframe, view, time, receive_time, shard, `offset`, frame)
settings non_replicated_deduplication_window = 10000
comment 'a row for every change of a held state'
