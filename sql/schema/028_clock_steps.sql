create table clock_steps
(
    venue LowCardinality(String) comment 'exchange or market segment, such as binance-usdm',
    receive_time DateTime64(9, 'UTC') codec(DoubleDelta, ZSTD(1)) comment 'when capture saw it, UTC by the clock of the receive times',
    step_ns Int64 codec(ZSTD(1)) comment 'wall clock of the machine minus the clock of the receive times, nanoseconds',
    adopted Bool codec(ZSTD(1)) comment 'whether receive times follow the wall clock from here on',
    shard LowCardinality(String) comment 'stream it was derived from, such as binance-usdm/0',
    `offset` Int64 codec(DoubleDelta, ZSTD(1)) comment 'row of the shard''s journal it was derived from',
    frame Int32 codec(Delta, ZSTD(1)) comment 'position of the frame in that journal row'
)
engine = ReplacingMergeTree
partition by toYYYYMM(receive_time)
order by (venue, receive_time, shard, `offset`, frame)
settings non_replicated_deduplication_window = 10000
comment 'when the clock of the capturing machine was set, by how much, and whether receive times followed'
