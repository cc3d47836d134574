create table risk_parts
(
    account LowCardinality(String) comment 'trading account',
    time DateTime64(9, 'UTC') codec(DoubleDelta, ZSTD(1)) comment 'data time it was measured, UTC',
    receive_time DateTime64(9, 'UTC') codec(DoubleDelta, ZSTD(1)) comment 'when the row of the journal was complete, UTC',
    measure LowCardinality(String) comment 'var or es, of historical simulation',
    dimension LowCardinality(String) comment 'instrument, strategy or regime',
    name LowCardinality(String) comment 'venue|instrument, name of the strategy, or regime in which the scenarios happened',
    amount Int64 codec(ZSTD(1)) comment 'millionths of the quote currency, of one step of returns; all of one measure and dimension sum to the measure exactly',
    `offset` Int64 codec(DoubleDelta, ZSTD(1)) comment 'row of the trading journal it was measured at'
)
engine = ReplacingMergeTree
partition by toYYYYMM(receive_time)
order by (account, receive_time, measure, dimension, name, `offset`)
settings non_replicated_deduplication_window = 10000
comment 'value at risk and expected shortfall in parts, by Euler'
