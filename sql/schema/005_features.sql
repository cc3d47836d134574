create table features
(
    venue LowCardinality(String) comment 'exchange or market segment, such as binance-usdm',
    instrument LowCardinality(String) comment 'symbol as the venue spells it',
    exchange_time Nullable(DateTime64(9, 'UTC')) codec(ZSTD(1)) comment 'the venue''s own stamp, UTC; null where it gives none',
    receive_time DateTime64(9, 'UTC') codec(DoubleDelta, ZSTD(1)) comment 'when we received it, UTC',
    sequence Int64 codec(DoubleDelta, ZSTD(1)) comment 'update id of the book',
    mid_price Float64 codec(ZSTD(1)) comment 'mean of best bid and ask, quote currency',
    micro_price Float64 codec(ZSTD(1)) comment 'mid weighted by the opposite sizes, quote currency',
    spread Float64 codec(ZSTD(1)) comment 'ask minus bid, quote currency',
    spread_bps Float64 codec(ZSTD(1)) comment 'spread over mid, basis points',
    imbalance Float64 codec(ZSTD(1)) comment '(bid size - ask size) / (bid size + ask size), -1 to 1',
    ofi_10 Float64 codec(ZSTD(1)) comment 'order flow imbalance at the touch over the last 10 book updates, base units or contracts',
    ofi_25 Float64 codec(ZSTD(1)) comment 'order flow imbalance at the touch over the last 25 book updates, base units or contracts',
    ofi_50 Float64 codec(ZSTD(1)) comment 'order flow imbalance at the touch over the last 50 book updates, base units or contracts',
    signed_volume_10 Float64 codec(ZSTD(1)) comment 'net aggressor volume over the last 10 book updates, base units or contracts',
    signed_volume_25 Float64 codec(ZSTD(1)) comment 'net aggressor volume over the last 25 book updates, base units or contracts',
    signed_volume_50 Float64 codec(ZSTD(1)) comment 'net aggressor volume over the last 50 book updates, base units or contracts',
    realised_volatility Float64 codec(ZSTD(1)) comment 'of log mid returns, per square-root second',
    shard LowCardinality(String) comment 'stream it was derived from, such as binance-usdm/0',
    `offset` Int64 codec(DoubleDelta, ZSTD(1)) comment 'row of the shard''s journal it was derived from',
    frame Int32 codec(Delta, ZSTD(1)) comment 'position of the frame in that journal row'
)
engine = ReplacingMergeTree
partition by toYYYYMMDD(receive_time)
order by (venue, instrument, receive_time, sequence, shard, `offset`, frame)
settings non_replicated_deduplication_window = 10000
comment 'microstructure after every valid book message; nan where not ready'
