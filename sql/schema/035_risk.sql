create table risk
(
    account LowCardinality(String) comment 'trading account',
    time DateTime64(9, 'UTC') codec(DoubleDelta, ZSTD(1)) comment 'data time it was measured, UTC',
    receive_time DateTime64(9, 'UTC') codec(DoubleDelta, ZSTD(1)) comment 'when the row of the journal was complete, UTC',
    state LowCardinality(String) comment 'of the kill switch: active, reducing or halted',
    equity Float64 codec(ZSTD(1)) comment 'at the marks, quote currency',
    peak_equity Float64 codec(ZSTD(1)) comment 'highest since the start or the last resume, quote currency',
    drawdown Float64 codec(ZSTD(1)) comment 'share of the peak that is lost',
    worst_drawdown Float64 codec(ZSTD(1)) comment 'largest share so far',
    day_loss Float64 codec(ZSTD(1)) comment 'share of the equity at the beginning of the UTC day that is lost; negative: a gain',
    gross Float64 codec(ZSTD(1)) comment 'absolute notional held, quote currency',
    net Float64 codec(ZSTD(1)) comment 'signed notional held, quote currency',
    long Float64 codec(ZSTD(1)) comment 'notional held long, quote currency',
    short Float64 codec(ZSTD(1)) comment 'notional held short, at least 0, quote currency',
    largest Float64 codec(ZSTD(1)) comment 'absolute notional of the largest position, quote currency',
    leverage Float64 codec(ZSTD(1)) comment 'gross over equity; nan without equity',
    effective Float64 codec(ZSTD(1)) comment 'number of equal positions that would be as concentrated',
    level Float64 codec(ZSTD(1)) comment 'confidence of var and es',
    horizon_s Float64 codec(ZSTD(1)) comment 'horizon of deviation, var, es and reverse_distance, seconds',
    scenarios Int64 codec(T64, ZSTD(1)) comment 'rows of returns they rest on; 0: not ready, or nothing held',
    deviation Float64 codec(ZSTD(1)) comment 'standard deviation of the profit over the horizon, exponentially weighted, quote currency; nan where not ready',
    volatility_ratio Float64 codec(ZSTD(1)) comment 'volatility of now over that of the window, median of the instruments; nan where not ready',
    `var` Map(LowCardinality(String), Float64) codec(ZSTD(1)) comment 'value at risk by method, quote currency; a method that is not ready or not valid is missing',
    `es` Map(LowCardinality(String), Float64) codec(ZSTD(1)) comment 'expected shortfall by method, quote currency',
    `stress` Map(LowCardinality(String), Float64) codec(ZSTD(1)) comment 'loss by scenario, quote currency; negative: a gain',
    reverse_distance Float64 codec(ZSTD(1)) comment 'standard deviations of the least shock that uses up the budget; nan where none does',
    budget Float64 codec(ZSTD(1)) comment 'what may be lost until the drawdown limit, quote currency',
    gap_loss Float64 codec(ZSTD(1)) comment 'what one gap against every position would cost, quote currency',
    drawdown_scale Float64 codec(ZSTD(1)) comment 'share of the fixed gross limit that the budget allows, 0 to 1',
    `offset` Int64 codec(DoubleDelta, ZSTD(1)) comment 'row of the trading journal it was measured at'
)
engine = ReplacingMergeTree
partition by toYYYYMM(receive_time)
order by (account, receive_time, `offset`)
settings non_replicated_deduplication_window = 10000
comment 'exposure, value at risk, expected shortfall, stress and drawdown of an account over time'
