create table marks
(
    venue LowCardinality(String) comment 'exchange or market segment, such as binance-usdm',
    instrument LowCardinality(String) comment 'symbol as the venue spells it',
    exchange_time Nullable(DateTime64(9, 'UTC')) codec(ZSTD(1)) comment 'the venue''s own stamp, UTC; null where it gives none',
    receive_time DateTime64(9, 'UTC') codec(DoubleDelta, ZSTD(1)) comment 'when we received it, UTC',
    mark_price Float64 codec(ZSTD(1)) comment 'quote currency',
    index_price Float64 codec(ZSTD(1)) comment 'quote currency',
    funding_rate Float64 codec(ZSTD(1)) comment 'per funding interval; nan where none',
    next_funding_time Nullable(DateTime64(9, 'UTC')) codec(ZSTD(1)) comment 'UTC; null where none',
    shard LowCardinality(String) comment 'stream it was derived from, such as binance-usdm/0',
    `offset` Int64 codec(DoubleDelta, ZSTD(1)) comment 'row of the shard''s journal it was derived from',
    frame Int32 codec(Delta, ZSTD(1)) comment 'position of the frame in that journal row'
)
engine = ReplacingMergeTree
partition by toYYYYMMDD(receive_time)
order by (venue, instrument, receive_time, shard, `offset`, frame)
settings non_replicated_deduplication_window = 10000
comment 'mark prices and funding of futures'
