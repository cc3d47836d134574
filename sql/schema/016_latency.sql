create table latency
(
    venue LowCardinality(String) comment 'exchange or market segment, such as binance-usdm',
    shard LowCardinality(String) comment 'stream it was derived from, such as binance-usdm/0',
    stage LowCardinality(String) comment 'where it was measured: features, sink (signals are made) or store',
    receive_time DateTime64(9, 'UTC') codec(DoubleDelta, ZSTD(1)) comment 'end of the measured interval, UTC',
    count Int64 codec(ZSTD(1)) comment 'messages that reached it',
    p50_ns Int64 codec(ZSTD(1)) comment 'median, ns',
    p99_ns Int64 codec(ZSTD(1)) comment '99th percentile, ns',
    p999_ns Int64 codec(ZSTD(1)) comment '99.9th percentile, ns',
    max_ns Int64 codec(ZSTD(1)) comment 'largest, ns'
)
engine = ReplacingMergeTree
partition by toYYYYMM(receive_time)
order by (venue, shard, stage, receive_time)
settings non_replicated_deduplication_window = 10000
comment 'time from receipt to a stage, measured live and never in a replay'
