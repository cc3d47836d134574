create table limits
(
    account LowCardinality(String) comment 'trading account',
    venue LowCardinality(String) comment 'exchange or market segment, such as binance-usdm; empty where the whole account is meant',
    instrument LowCardinality(String) comment 'symbol as the venue spells it; empty where the whole account is meant',
    time DateTime64(9, 'UTC') codec(DoubleDelta, ZSTD(1)) comment 'data time it moved, UTC',
    receive_time DateTime64(9, 'UTC') codec(DoubleDelta, ZSTD(1)) comment 'when the row of the journal was complete, UTC',
    `limit` LowCardinality(String) comment 'its name in the settings, such as max_gross_notional',
    value Float64 codec(ZSTD(1)) comment 'in force from now on; in the unit of the limit',
    previous Float64 codec(ZSTD(1)) comment 'in force before',
    fixed Float64 codec(ZSTD(1)) comment 'of the settings; never exceeded',
    reason LowCardinality(String) comment 'the factor that is smallest: regime, volatility, drawdown or depth; or that it was looser for long enough',
    `factors` Map(LowCardinality(String), Float64) codec(ZSTD(1)) comment 'what moved it, as shares of the fixed limit, by name',
    `offset` Int64 codec(DoubleDelta, ZSTD(1)) comment 'row of the trading journal it was measured at'
)
engine = ReplacingMergeTree
partition by toYYYYMM(receive_time)
order by (account, venue, instrument, `limit`, receive_time, `offset`)
settings non_replicated_deduplication_window = 10000
comment 'limits of risk that moved, each with its reason'
