create table positions
(
    account LowCardinality(String) comment 'trading account',
    venue LowCardinality(String) comment 'exchange or market segment, such as binance-usdm',
    instrument LowCardinality(String) comment 'symbol as the venue spells it',
    time DateTime64(9, 'UTC') codec(DoubleDelta, ZSTD(1)) comment 'data time it was known, UTC',
    receive_time DateTime64(9, 'UTC') codec(DoubleDelta, ZSTD(1)) comment 'when we received it, UTC',
    size Float64 codec(ZSTD(1)) comment 'signed, base units or contracts',
    average_price Float64 codec(ZSTD(1)) comment 'of the open position, quote currency',
    mark_price Float64 codec(ZSTD(1)) comment 'price it is valued at, quote currency',
    realised_pnl Float64 codec(ZSTD(1)) comment 'after fees, quote currency',
    unrealised_pnl Float64 codec(ZSTD(1)) comment 'quote currency',
    fees Float64 codec(ZSTD(1)) comment 'paid so far, quote currency',
    `offset` Int64 codec(DoubleDelta, ZSTD(1)) comment 'row of the trading journal it was decided on',
    `row` Int32 codec(Delta, ZSTD(1)) comment 'position among the rows of that journal row'
)
engine = ReplacingMergeTree
partition by toYYYYMM(receive_time)
order by (account, venue, instrument, receive_time, `offset`, `row`)
settings non_replicated_deduplication_window = 10000
comment 'what is held, after every fill'
