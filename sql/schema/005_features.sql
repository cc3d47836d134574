create table features
(
    venue LowCardinality(String) comment 'exchange or market segment, such as binance-usdm',
    instrument LowCardinality(String) comment 'symbol as the venue spells it',
    exchange_time Nullable(DateTime64(9, 'UTC')) codec(ZSTD(1)) comment 'the venue''s own stamp, UTC; null where it gives none',
    receive_time DateTime64(9, 'UTC') codec(DoubleDelta, ZSTD(1)) comment 'when we received it, UTC',
    sequence Int64 codec(DoubleDelta, ZSTD(1)) comment 'update id of the book',
    mid_price Float64 codec(ZSTD(1)) comment 'mean of best bid and ask, quote currency',
    weighted_mid Float64 codec(ZSTD(1)) comment 'mid weighted by the opposite sizes, quote currency',
    spread Float64 codec(ZSTD(1)) comment 'ask minus bid, quote currency',
    spread_bps Float64 codec(ZSTD(1)) comment 'spread over mid, basis points',
    imbalance Float64 codec(ZSTD(1)) comment '(bid size - ask size) / (bid size + ask size), -1 to 1',
    imbalance_10 Float64 codec(ZSTD(1)) comment 'the same of the sizes of the ten best levels, -1 to 1',
    ofi Float64 codec(ZSTD(1)) comment 'order flow imbalance of this update at the touch, base units or contracts',
    ofi_ew Float64 codec(ZSTD(1)) comment 'order flow imbalance at the touch, each update weighing half as much 25 updates later, base units or contracts',
    ofi_10 Float64 codec(ZSTD(1)) comment 'order flow imbalance at the touch over the last 10 book updates, base units or contracts',
    ofi_25 Float64 codec(ZSTD(1)) comment 'order flow imbalance at the touch over the last 25 book updates, base units or contracts',
    ofi_50 Float64 codec(ZSTD(1)) comment 'order flow imbalance at the touch over the last 50 book updates, base units or contracts',
    ofi_deep_10 Float64 codec(ZSTD(1)) comment 'order flow imbalance of the ten best levels over the last 10 book updates, base units or contracts',
    ofi_deep_25 Float64 codec(ZSTD(1)) comment 'order flow imbalance of the ten best levels over the last 25 book updates, base units or contracts',
    ofi_deep_50 Float64 codec(ZSTD(1)) comment 'order flow imbalance of the ten best levels over the last 50 book updates, base units or contracts',
    ofi_normalised_10 Float64 codec(ZSTD(1)) comment 'ofi_10 over the mean size at the touch',
    ofi_normalised_25 Float64 codec(ZSTD(1)) comment 'ofi_25 over the mean size at the touch',
    ofi_normalised_50 Float64 codec(ZSTD(1)) comment 'ofi_50 over the mean size at the touch',
    ofi_integrated_10 Float64 codec(ZSTD(1)) comment 'first principal component of the order flow imbalances of ten levels over the last 10 book updates, in mean sizes of a level',
    ofi_integrated_25 Float64 codec(ZSTD(1)) comment 'first principal component of the order flow imbalances of ten levels over the last 25 book updates, in mean sizes of a level',
    ofi_integrated_50 Float64 codec(ZSTD(1)) comment 'first principal component of the order flow imbalances of ten levels over the last 50 book updates, in mean sizes of a level',
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
