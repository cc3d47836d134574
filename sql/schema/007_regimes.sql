create table regimes
(
    venue LowCardinality(String) comment 'exchange or market segment, such as binance-usdm',
    instrument LowCardinality(String) comment 'symbol as the venue spells it',
    timeframe LowCardinality(String) comment 'ultra_short (1s), short (1m), medium (1h) or long (1d)',
    time DateTime64(9, 'UTC') codec(DoubleDelta, ZSTD(1)) comment 'close of the bar, UTC',
    receive_time DateTime64(9, 'UTC') codec(DoubleDelta, ZSTD(1)) comment 'when the bar was known to be closed, UTC',
    regime LowCardinality(String) comment 'state held in each view, such as calm/bull/trending; unknown during warm-up',
    raw_regime LowCardinality(String) comment 'the same from the probabilities of this bar alone; it changes more often',
    probability_calm Float64 codec(ZSTD(1)) comment 'that volatility is calm',
    probability_normal Float64 codec(ZSTD(1)) comment 'that volatility is normal',
    probability_stressed Float64 codec(ZSTD(1)) comment 'that volatility is stressed',
    probability_bear Float64 codec(ZSTD(1)) comment 'that direction is bear',
    probability_neutral Float64 codec(ZSTD(1)) comment 'that direction is neutral',
    probability_bull Float64 codec(ZSTD(1)) comment 'that direction is bull',
    probability_reverting Float64 codec(ZSTD(1)) comment 'that returns are reverting',
    probability_random Float64 codec(ZSTD(1)) comment 'that returns are random',
    probability_trending Float64 codec(ZSTD(1)) comment 'that returns are trending',
    confidence Float64 codec(ZSTD(1)) comment 'smallest probability of the three held states, 0 to 1',
    remaining_volatility_s Float64 codec(ZSTD(1)) comment 'how much longer the held state of volatility is expected to last, seconds',
    remaining_direction_s Float64 codec(ZSTD(1)) comment 'how much longer the held state of direction is expected to last, seconds',
    remaining_dynamics_s Float64 codec(ZSTD(1)) comment 'how much longer the held state of dynamics is expected to last, seconds',
    volatility Float64 codec(ZSTD(1)) comment 'of log returns, per square-root second',
    drift Float64 codec(ZSTD(1)) comment 'of log returns, per second',
    run_length_bars Float64 codec(ZSTD(1)) comment 'most probable number of bars since the last change point',
    change_point_probability Float64 codec(ZSTD(1)) comment 'that one happened within the last few bars',
    anomaly Float64 codec(ZSTD(1)) comment '0 to 1: how badly every known regime explains the newest bars',
    agreement Float64 codec(ZSTD(1)) comment 'share of the states held on other timeframes that are the same; NaN where none is known',
    evidence Map(LowCardinality(String), Float64) codec(ZSTD(1)) comment 'what the regime rests on, by name of the measure',
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
