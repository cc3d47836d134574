create table risk_events
(
    account LowCardinality(String) comment 'trading account',
    venue LowCardinality(String) comment 'exchange or market segment, such as binance-usdm',
    instrument LowCardinality(String) comment 'symbol as the venue spells it; empty where the whole account is meant',
    time DateTime64(9, 'UTC') codec(DoubleDelta, ZSTD(1)) comment 'data time it was known, UTC',
    receive_time DateTime64(9, 'UTC') codec(DoubleDelta, ZSTD(1)) comment 'when we received it, UTC',
    event LowCardinality(String) comment 'refused, warning, reducing, halted, resumed, or what a venue outside said: adopted_position, silent_order, …',
    reason String codec(ZSTD(1)) comment 'name of the check, or who and why',
    `values` Map(LowCardinality(String), Float64) codec(ZSTD(1)) comment 'measured values, by name',
    client_order_id String codec(ZSTD(1)) comment 'order concerned; empty where none',
    `offset` Int64 codec(DoubleDelta, ZSTD(1)) comment 'row of the trading journal it was decided on',
    `row` Int32 codec(Delta, ZSTD(1)) comment 'position among the rows of that journal row',
    index of_order client_order_id type bloom_filter(0.001) granularity 1
)
engine = ReplacingMergeTree
partition by toYYYYMM(receive_time)
order by (account, venue, instrument, receive_time, `offset`, `row`)
settings non_replicated_deduplication_window = 10000
comment 'what the risk gate refused, and every change of the trading state'
