create table intents
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
    refused LowCardinality(String) comment 'name of the check that refused it; empty where the gate approved',
    reason String codec(ZSTD(1)) comment 'of the target it serves',
    schedule LowCardinality(String) comment 'how the target is spread over time: at_once, twap, pov or almgren_chriss',
    state LowCardinality(String) comment 'of the kill switch',
    target_offset Int64 codec(ZSTD(1)) comment 'row of the trading journal that the target came with; 0 where there is none',
    target_notional Float64 codec(ZSTD(1)) comment 'signed, quote currency',
    wanted_size Float64 codec(ZSTD(1)) comment 'signed, what the target came to',
    paced_size Float64 codec(ZSTD(1)) comment 'signed, what the schedule asked to hold by now',
    position_size Float64 codec(ZSTD(1)) comment 'signed, held',
    working_size Float64 codec(ZSTD(1)) comment 'signed, of orders that worked already',
    decision_time DateTime64(9, 'UTC') codec(DoubleDelta, ZSTD(1)) comment 'data time at which the target was first seen with a usable quote, UTC',
    decision_price Float64 codec(ZSTD(1)) comment 'mid then, quote currency',
    bid_price Float64 codec(ZSTD(1)) comment 'when the order was made, quote currency',
    bid_size Float64 codec(ZSTD(1)) comment 'base units or contracts',
    ask_price Float64 codec(ZSTD(1)) comment 'when the order was made, quote currency',
    ask_size Float64 codec(ZSTD(1)) comment 'base units or contracts',
    contract_size Float64 codec(ZSTD(1)) comment 'base units per 1 of size; quote units where inverse',
    inverse Bool codec(ZSTD(1)) comment 'whether it is a coin-margined contract',
    urgency Float64 codec(ZSTD(1)) comment 'of its schedule; 1 where nothing was unusual',
    equity Float64 codec(ZSTD(1)) comment 'of the account, quote currency',
    `offset` Int64 codec(DoubleDelta, ZSTD(1)) comment 'row of the trading journal it was decided on',
    `row` Int32 codec(Delta, ZSTD(1)) comment 'position among the rows of that journal row'
)
engine = ReplacingMergeTree
partition by toYYYYMM(receive_time)
order by (account, client_order_id, receive_time, `offset`, `row`)
settings non_replicated_deduplication_window = 10000
comment 'what every order was made for and against, as it came before the risk gate'
