create table ledger
(
    account LowCardinality(String) comment 'trading account',
    venue LowCardinality(String) comment 'exchange or market segment, such as binance-usdm',
    instrument LowCardinality(String) comment 'symbol as the venue spells it; empty where the whole account is meant',
    time DateTime64(9, 'UTC') codec(DoubleDelta, ZSTD(1)) comment 'data time it was known, UTC',
    receive_time DateTime64(9, 'UTC') codec(DoubleDelta, ZSTD(1)) comment 'when we received it, UTC',
    kind LowCardinality(String) comment 'what happened: opening, fill, funding, interest, dividend, transfer, fee, adopted_position or adopted_cash',
    reference String codec(ZSTD(1)) comment 'fill_id or the venue''s id of the payment; empty where there is none',
    book LowCardinality(String) comment 'cash, position (at cost), capital, realised, fees, funding, interest, dividend, transfer or adopted',
    amount Decimal(38, 8) codec(ZSTD(1)) comment 'quote currency; above 0 debit, below credit; the rows of one posting sum to 0',
    `offset` Int64 codec(DoubleDelta, ZSTD(1)) comment 'row of the trading journal it was decided on',
    `row` Int32 codec(Delta, ZSTD(1)) comment 'position among the rows of that journal row'
)
engine = ReplacingMergeTree
partition by toYYYYMM(receive_time)
order by (account, receive_time, `offset`, `row`)
settings non_replicated_deduplication_window = 10000
comment 'double entry of everything an account owns; all amounts together are always 0'
