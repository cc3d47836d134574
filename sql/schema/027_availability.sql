create table availability
(
    venue LowCardinality(String) comment 'exchange or market segment, such as binance-usdm',
    instrument LowCardinality(String) comment 'symbol as the venue spells it',
    channel LowCardinality(String) comment 'depth, ticker, mark, trade or status; with the instrument a subscription',
    start_time DateTime64(9, 'UTC') codec(DoubleDelta, ZSTD(1)) comment 'when the interval begins, UTC',
    end_time DateTime64(9, 'UTC') codec(DoubleDelta, ZSTD(1)) comment 'when it ends and the next begins, UTC',
    receive_time DateTime64(9, 'UTC') codec(DoubleDelta, ZSTD(1)) comment 'when that became known, UTC',
    state LowCardinality(String) comment 'up, down, unverifiable (up as far as can be told) or closed (counts for no budget)',
    cause LowCardinality(String) comment 'why it is not up: starting, disconnected, silent, shed, capture_down, torn, sequence, checksum, …; empty where it is',
    seconds Float64 codec(ZSTD(1)) comment 'length of the interval, seconds',
    shard LowCardinality(String) comment 'stream it was derived from, such as binance-usdm/0',
    `offset` Int64 codec(DoubleDelta, ZSTD(1)) comment 'row of the shard''s journal it was derived from',
    frame Int32 codec(Delta, ZSTD(1)) comment 'position of the frame in that journal row'
)
engine = ReplacingMergeTree
partition by toYYYYMM(receive_time)
order by (venue, instrument, channel, start_time, shard)
settings non_replicated_deduplication_window = 10000
comment 'what every subscription was, without a hole: up, down by a cause, unverifiable or closed; an interval ends with its minute, or at midnight where nothing is heard'
