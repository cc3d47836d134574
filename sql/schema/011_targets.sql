create table targets
(
    account LowCardinality(String) comment 'trading account',
    venue LowCardinality(String) comment 'exchange or market segment, such as binance-usdm',
    instrument LowCardinality(String) comment 'symbol as the venue spells it',
    time DateTime64(9, 'UTC') codec(DoubleDelta, ZSTD(1)) comment 'data time of the newest signal it rests on, UTC',
    receive_time DateTime64(9, 'UTC') codec(DoubleDelta, ZSTD(1)) comment 'when we received it, UTC',
    notional Float64 codec(ZSTD(1)) comment 'signed, quote currency',
    reason String codec(ZSTD(1)) comment 'the policy''s reason',
    `offset` Int64 codec(DoubleDelta, ZSTD(1)) comment 'row of the trading journal it was decided on'
)
engine = ReplacingMergeTree
partition by toYYYYMM(receive_time)
order by (account, venue, instrument, receive_time, `offset`, time)
settings non_replicated_deduplication_window = 10000
comment 'where the portfolio wants to be'
