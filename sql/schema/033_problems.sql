create table problems
(
    account LowCardinality(String) comment 'trading account',
    time DateTime64(9, 'UTC') codec(DoubleDelta, ZSTD(1)) comment 'data time at which it was asked, UTC',
    receive_time DateTime64(9, 'UTC') codec(DoubleDelta, ZSTD(1)) comment 'when what it was made of was received, UTC',
    request Int64 codec(DoubleDelta, ZSTD(1)) comment 'row of the trading journal that it was made of; its answer is in solutions',
    regime LowCardinality(String) comment 'regime that stood',
    limits Map(LowCardinality(String), Float64) codec(ZSTD(1)) comment 'limits in force, by name, before the regime shrinks them',
    expected Map(LowCardinality(String), Float64) codec(ZSTD(1)) comment 'expected return over the horizon, by venue|instrument',
    confidence Map(LowCardinality(String), Float64) codec(ZSTD(1)) comment '0 to 1, by venue|instrument',
    volatility Map(LowCardinality(String), Float64) codec(ZSTD(1)) comment 'of the return over the horizon, by venue|instrument',
    current Map(LowCardinality(String), Float64) codec(ZSTD(1)) comment 'share of equity held, signed, by venue|instrument',
    half_spread Map(LowCardinality(String), Float64) codec(ZSTD(1)) comment 'linear cost of trading, by venue|instrument',
    impact Map(LowCardinality(String), Float64) codec(ZSTD(1)) comment 'cost of trading is this times the share of equity to 1.5, by venue|instrument',
    caps Map(LowCardinality(String), Float64) codec(ZSTD(1)) comment 'largest absolute share of equity, before the regime shrinks it, by venue|instrument',
    clusters Map(LowCardinality(String), Array(String)) codec(ZSTD(1)) comment 'members of each cluster, by its name',
    equity Float64 codec(ZSTD(1)) comment 'what all shares are of, quote currency',
    `offset` Int64 codec(DoubleDelta, ZSTD(1)) comment 'row of the trading journal on which it was asked',
    `row` Int32 codec(Delta, ZSTD(1)) comment 'position among the rows of that journal row'
)
engine = ReplacingMergeTree
partition by toYYYYMM(receive_time)
order by (account, request, `offset`, `row`)
settings non_replicated_deduplication_window = 10000
comment 'what the portfolio asked the optimiser'
