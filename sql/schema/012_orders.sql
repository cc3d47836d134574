create table orders
(
    account LowCardinality(String) comment 'trading account',
    venue LowCardinality(String) comment 'exchange or market segment, such as binance-usdm',
    instrument LowCardinality(String) comment 'symbol as the venue spells it',
    time DateTime64(9, 'UTC') codec(DoubleDelta, ZSTD(1)) comment 'data time it was known, UTC',
    receive_time DateTime64(9, 'UTC') codec(DoubleDelta, ZSTD(1)) comment 'when we received it, UTC',
    client_order_id String codec(ZSTD(1)) comment 'ours; the same order always gets the same id',
    side Int8 codec(ZSTD(1)) comment '+1 buy, -1 sell',
    size Float64 codec(ZSTD(1)) comment 'base units or contracts',
    limit_price Float64 codec(ZSTD(1)) comment 'quote currency',
    state LowCardinality(String) comment 'state entered: submitted, accepted, filled, rejected, …',
    reason String codec(ZSTD(1)) comment 'why',
    checks Map(LowCardinality(String), Float64) codec(ZSTD(1)) comment 'what the risk gate measured, by check',
    `offset` Int64 codec(DoubleDelta, ZSTD(1)) comment 'row of the trading journal it was decided on',
    `row` Int32 codec(Delta, ZSTD(1)) comment 'position among the rows of that journal row',
    index of_order client_order_id type bloom_filter(0.001) granularity 1
)
engine = ReplacingMergeTree
partition by toYYYYMM(receive_time)
order by (account, venue, instrument, receive_time, `offset`, `row`)
settings non_replicated_deduplication_window = 10000
comment 'every state that every order entered'
