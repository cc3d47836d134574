create table regimes
(
    venue LowCardinality(String) comment 'exchange or market segment, such as binance-usdm',
    instrument LowCardinality(String) comment 'symbol as the venue spells it',
    timeframe LowCardinality(String) comment 'ultra_short (1s), short (1m), medium (1h) or long (1d)',
    time DateTime64(9, 'UTC') codec(DoubleDelta, ZSTD(1)) comment 'close of the bar, UTC',
    receive_time DateTime64(9, 'UTC') codec(DoubleDelta, ZSTD(1)) comment 'when the bar was known to be closed, UTC',
    regime LowCardinality(String) comment 'most probable volatility and direction, such as calm/bull',
    probability_calm Float64 codec(ZSTD(1)) comment 'that volatility is calm',
    probability_normal Float64 codec(ZSTD(1)) comment 'that volatility is normal',
    probability_stressed Float64 codec(ZSTD(1)) comment 'that volatility is stressed',
    probability_bear Float64 codec(ZSTD(1)) comment 'that direction is bear',
    probability_neutral Float64 codec(ZSTD(1)) comment 'that direction is neutral',
    probability_bull Float64 codec(ZSTD(1)) comment 'that direction is bull',
    confidence Float64 codec(ZSTD(1)) comment 'probability of the regime, 0 to 1',
    volatility Float64 codec(ZSTD(1)) comment 'of log returns, per square-root second',
    drift Float64 codec(ZSTD(1)) comment 'of log returns, per second',
    bars_seen Int64 codec(ZSTD(1)) comment 'bars the model has learned from',
    shard LowCardinality(String) comment 'stream it was derived from, such as binance-usdm/0',
    `offset` Int64 codec(DoubleDelta, ZSTD(1)) comment 'row of the shard''s journal it was derived from',
    frame Int32 codec(Delta, ZSTD(1)) comment 'position of the frame in that journal row'
)
engine = ReplacingMergeTree
partition by toYYYYMM(receive_time)
order by (venue, instrument, timeframe, time, receive_time, shard, `offset`, frame)
settings non_replicated_deduplication_window = 10000
comment 'what the market is, at every bar close; probabilities are filtered, never smoothed'
