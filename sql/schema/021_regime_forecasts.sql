create table regime_forecasts
(
    venue LowCardinality(String) comment 'exchange or market segment, such as binance-usdm',
    instrument LowCardinality(String) comment 'symbol as the venue spells it',
    timeframe LowCardinality(String) comment 'ultra_short (1s), short (1m), medium (1h) or long (1d)',
    time DateTime64(9, 'UTC') codec(DoubleDelta, ZSTD(1)) comment 'close of the bar, UTC',
    receive_time DateTime64(9, 'UTC') codec(DoubleDelta, ZSTD(1)) comment 'when the bar was known to be closed, UTC',
    horizon_bars Int64 codec(ZSTD(1)) comment 'how many bars ahead',
    probability_calm Float64 codec(ZSTD(1)) comment 'that volatility is calm then',
    probability_normal Float64 codec(ZSTD(1)) comment 'that volatility is normal then',
    probability_stressed Float64 codec(ZSTD(1)) comment 'that volatility is stressed then',
    probability_bear Float64 codec(ZSTD(1)) comment 'that direction is bear then',
    probability_neutral Float64 codec(ZSTD(1)) comment 'that direction is neutral then',
    probability_bull Float64 codec(ZSTD(1)) comment 'that direction is bull then',
    probability_reverting Float64 codec(ZSTD(1)) comment 'that returns are reverting then',
    probability_random Float64 codec(ZSTD(1)) comment 'that returns are random then',
    probability_trending Float64 codec(ZSTD(1)) comment 'that returns are trending then',
    change_probability_volatility Float64 codec(ZSTD(1)) comment 'that the held state of volatility is left at least once until then',
    change_probability_direction Float64 codec(ZSTD(1)) comment 'that the held state of direction is left at least once until then',
    change_probability_dynamics Float64 codec(ZSTD(1)) comment 'that the held state of dynamics is left at least once until then',
    scored Int64 codec(ZSTD(1)) comment 'forecasts of this horizon judged so far',
    brier_volatility Float64 codec(ZSTD(1)) comment 'mean Brier score of past forecasts of volatility, fading',
    brier_direction Float64 codec(ZSTD(1)) comment 'mean Brier score of past forecasts of direction, fading',
    brier_dynamics Float64 codec(ZSTD(1)) comment 'mean Brier score of past forecasts of dynamics, fading',
    log_loss_volatility Float64 codec(ZSTD(1)) comment 'mean log loss of past forecasts of volatility, fading',
    log_loss_direction Float64 codec(ZSTD(1)) comment 'mean log loss of past forecasts of direction, fading',
    log_loss_dynamics Float64 codec(ZSTD(1)) comment 'mean log loss of past forecasts of dynamics, fading',
    baseline_brier_volatility Float64 codec(ZSTD(1)) comment 'mean Brier score of a Markov chain counted from past states of volatility',
    baseline_brier_direction Float64 codec(ZSTD(1)) comment 'mean Brier score of a Markov chain counted from past states of direction',
    baseline_brier_dynamics Float64 codec(ZSTD(1)) comment 'mean Brier score of a Markov chain counted from past states of dynamics',
    baseline_log_loss_volatility Float64 codec(ZSTD(1)) comment 'mean log loss of a Markov chain counted from past states of volatility',
    baseline_log_loss_direction Float64 codec(ZSTD(1)) comment 'mean log loss of a Markov chain counted from past states of direction',
    baseline_log_loss_dynamics Float64 codec(ZSTD(1)) comment 'mean log loss of a Markov chain counted from past states of dynamics',
    shard LowCardinality(String) comment 'stream it was derived from, such as binance-usdm/0',
    `offset` Int64 codec(DoubleDelta, ZSTD(1)) comment 'row of the shard''s journal it was derived from',
    frame Int32 codec(Delta, ZSTD(1)) comment 'position of the frame in that journal row'
)
engine = ReplacingMergeTree
partition by toYYYYMM(receive_time)
order by (venue, instrument, timeframe, horizon_bars, time, receive_time, shard, `offset`, frame)
settings non_replicated_deduplication_window = 10000
comment 'what regimes will be, told at every bar close, and how well that was told before'
