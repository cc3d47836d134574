create table bar_statistics
(
    venue LowCardinality(String) comment 'exchange or market segment, such as binance-usdm',
    instrument LowCardinality(String) comment 'symbol as the venue spells it',
    timeframe LowCardinality(String) comment '1s, 1m, 15m, 1h or 1d',
    close_time DateTime64(9, 'UTC') codec(DoubleDelta, ZSTD(1)) comment 'end of the newest bar in the windows, UTC',
    receive_time DateTime64(9, 'UTC') codec(DoubleDelta, ZSTD(1)) comment 'when that bar was known to be closed, UTC',
    log_return Float64 codec(ZSTD(1)) comment 'of the close, from the last bar with trades; nan where this bar has none',
    realised_volatility Float64 codec(ZSTD(1)) comment 'root of squared returns over elapsed time, per square-root second',
    parkinson_volatility Float64 codec(ZSTD(1)) comment 'from highs and lows, per square-root second',
    garman_klass_volatility Float64 codec(ZSTD(1)) comment 'from open, high, low and close, per square-root second',
    rogers_satchell_volatility Float64 codec(ZSTD(1)) comment 'the same, whatever the drift, per square-root second',
    yang_zhang_volatility Float64 codec(ZSTD(1)) comment 'the same, with jumps between bars, per square-root second',
    corwin_schultz_spread_bps Float64 codec(ZSTD(1)) comment 'spread estimated from highs and lows, bps of the price',
    roll_spread_bps Float64 codec(ZSTD(1)) comment 'spread estimated from the bounce of closes, bps of the price; nan where not defined',
    return_mean Float64 codec(ZSTD(1)) comment 'exponentially weighted mean of returns, per bar',
    return_variance Float64 codec(ZSTD(1)) comment 'exponentially weighted variance of returns, per bar',
    return_skewness Float64 codec(ZSTD(1)) comment 'exponentially weighted skewness of returns',
    return_kurtosis Float64 codec(ZSTD(1)) comment 'exponentially weighted kurtosis of returns, 3 for normal ones',
    return_q05 Float64 codec(ZSTD(1)) comment '5 percent quantile of the window''s returns',
    return_q50 Float64 codec(ZSTD(1)) comment 'median of the window''s returns',
    return_q95 Float64 codec(ZSTD(1)) comment '95 percent quantile of the window''s returns',
    close_z_score Float64 codec(ZSTD(1)) comment 'of the close among the window''s closes, standard deviations',
    volume_z_score Float64 codec(ZSTD(1)) comment 'of the volume among the window''s volumes, standard deviations',
    returns Int64 codec(ZSTD(1)) comment 'returns seen since the windows were last empty',
    shard LowCardinality(String) comment 'stream it was derived from, such as binance-usdm/0',
    `offset` Int64 codec(DoubleDelta, ZSTD(1)) comment 'row of the shard''s journal it was derived from',
    frame Int32 codec(Delta, ZSTD(1)) comment 'position of the frame in that journal row'
)
engine = ReplacingMergeTree
partition by toYYYYMM(receive_time)
order by (venue, instrument, timeframe, close_time, shard)
settings non_replicated_deduplication_window = 10000
comment 'volatility, spread, moments, quantiles and z-scores of the latest bars, at every close, by what was known then'
