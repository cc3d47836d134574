create table gaps
(
    venue LowCardinality(String) comment 'exchange or market segment, such as binance-usdm',
    instrument LowCardinality(String) comment 'symbol as the venue spells it',
    receive_time DateTime64(9, 'UTC') codec(DoubleDelta, ZSTD(1)) comment 'when this became known, UTC',
    channel LowCardinality(String) comment 'depth, ticker, mark, trade, status or bar',
    cause LowCardinality(String) comment 'sequence, checksum, duplicate, crossed, limit, edge, disconnected, silent, shed, unread, tick_size, …',
    state LowCardinality(String) comment 'open or healed',
    start_time Nullable(DateTime64(9, 'UTC')) codec(ZSTD(1)) comment 'receive time of the last row known good, UTC; null where there is none',
    expected_sequence Int64 codec(ZSTD(1)) comment 'update id that should have come; -1 where none',
    received_sequence Int64 codec(ZSTD(1)) comment 'update id that came; -1 where none',
    shard LowCardinality(String) comment 'stream it was derived from, such as binance-usdm/0',
    `offset` Int64 codec(DoubleDelta, ZSTD(1)) comment 'row of the shard''s journal it was derived from',
    frame Int32 codec(Delta, ZSTD(1)) comment 'position of the frame in that journal row'
)
engine = ReplacingMergeTree
partition by toYYYYMM(receive_time)
order by (venue, instrument, receive_time, channel, cause, state, expected_sequence, received_sequence, shard, `offset`, frame)
settings non_replicated_deduplication_window = 10000
comment 'every interval in which data may be missing, and its healing'
