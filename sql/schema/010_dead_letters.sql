create table dead_letters
(
    venue LowCardinality(String) comment 'exchange or market segment, such as binance-usdm',
    receive_time DateTime64(9, 'UTC') codec(DoubleDelta, ZSTD(1)) comment 'when we received it, UTC',
    reason String codec(ZSTD(1)) comment 'why it could not be understood',
    raw String codec(ZSTD(1)) comment 'the bytes as received',
    shard LowCardinality(String) comment 'stream it was derived from, such as binance-usdm/0',
    `offset` Int64 codec(DoubleDelta, ZSTD(1)) comment 'row of the shard''s journal it was derived from',
    frame Int32 codec(Delta, ZSTD(1)) comment 'position of the frame in that journal row'
)
engine = ReplacingMergeTree
partition by toYYYYMM(receive_time)
order by (venue, receive_time, shard, `offset`, frame, reason)
settings non_replicated_deduplication_window = 10000
comment 'frames that could not be understood, as they came'
