create table quotes_1s
(
    venue LowCardinality(String) comment 'exchange or market segment, such as binance-usdm',
    instrument LowCardinality(String) comment 'symbol as the venue spells it',
    source LowCardinality(String) comment 'book (from the rebuilt book) or ticker (the venue''s own best bid and ask)',
    time DateTime('UTC') codec(DoubleDelta, ZSTD(1)) comment 'start of the bucket of receive_time, UTC',
    updates UInt64 codec(ZSTD(1)) comment 'rows of quotes in the bucket; of two versions of a bucket the one of more rows holds',
    valid_updates UInt64 codec(ZSTD(1)) comment 'of them valid; the other columns are made of these',
    bid_price Float64 codec(ZSTD(1)) comment 'last, quote currency',
    bid_size Float64 codec(ZSTD(1)) comment 'last, base units or contracts',
    ask_price Float64 codec(ZSTD(1)) comment 'last, quote currency',
    ask_size Float64 codec(ZSTD(1)) comment 'last, base units or contracts',
    mid_open Float64 codec(ZSTD(1)) comment 'first mid price, quote currency',
    mid_high Float64 codec(ZSTD(1)) comment 'highest mid price, quote currency',
    mid_low Float64 codec(ZSTD(1)) comment 'lowest mid price, quote currency',
    mid_close Float64 codec(ZSTD(1)) comment 'last mid price, quote currency',
    spread_bps Float64 codec(ZSTD(1)) comment 'mean of spread over mid, basis points',
    spread_bps_max Float64 codec(ZSTD(1)) comment 'largest spread over mid, basis points',
    imbalance Float64 codec(ZSTD(1)) comment 'mean of (bid size - ask size) / (bid size + ask size), -1 to 1',
    delay_ms Float64 codec(ZSTD(1)) comment 'mean of receive_time less exchange_time, milliseconds; nan where the venue gives no stamp',
    delay_ms_max Float64 codec(ZSTD(1)) comment 'largest of it, milliseconds',
    receive_time DateTime64(9, 'UTC') codec(DoubleDelta, ZSTD(1)) comment 'of the newest row of the bucket, UTC'
)
engine = ReplacingMergeTree(updates)
partition by toYYYYMMDD(time)
order by (venue, instrument, source, time)
comment 'best bid and ask by buckets of receive_time; nan where no quote of the bucket is valid'
