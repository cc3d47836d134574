create table signals
(
    venue LowCardinality(String) comment 'exchange or market segment, such as binance-usdm',
    instrument LowCardinality(String) comment 'symbol as the venue spells it',
    timeframe LowCardinality(String) comment 'ultra_short (1s), short (1m), medium (1h) or long (1d)',
    time DateTime64(9, 'UTC') codec(DoubleDelta, ZSTD(1)) comment 'close of the bar, UTC',
    receive_time DateTime64(9, 'UTC') codec(DoubleDelta, ZSTD(1)) comment 'when it was known, UTC',
    direction Float64 codec(ZSTD(1)) comment '-1 to 1, share of the allowed position',
    confidence Float64 codec(ZSTD(1)) comment 'probability of the regime it rests on, 0 to 1',
    volatility Float64 codec(ZSTD(1)) comment 'of log returns, per square-root second',
    regime LowCardinality(String) comment 'regime it rests on',
    evidence Map(LowCardinality(String), Float64) codec(ZSTD(1)) comment 'features and probabilities used, by column name',
    shard LowCardinality(String) comment 'stream it was derived from, such as binance-usdm/0',
    `offset` Int64 codec(DoubleDelta, ZSTD(1)) comment 'row of the shard''s journal it was derived from',
    frame Int32 codec(Delta, ZSTD(1)) comment 'position of the frame in that journal row'
)
engine = ReplacingMergeTree
partition by toYYYYMM(receive_time)
order by (venue, instrument, timeframe, time, receive_time, shard, `offset`, frame)
settings non_replicated_deduplication_window = 10000
comment 'what the regimes ask for'
