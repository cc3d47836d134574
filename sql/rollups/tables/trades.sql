create table trades_1s
(
    venue LowCardinality(String) comment 'exchange or market segment, such as binance-usdm',
    instrument LowCardinality(String) comment 'symbol as the venue spells it',
    kind LowCardinality(String) comment 'trade (one match) or aggregate (matches of one taker order at one price)',
    time DateTime('UTC') codec(DoubleDelta, ZSTD(1)) comment 'start of the bucket of receive_time, UTC',
    rows UInt64 codec(ZSTD(1)) comment 'rows of trades in the bucket; of two versions of a bucket the one of more rows holds',
    trades UInt64 codec(ZSTD(1)) comment 'of them matched in the book; the columns below are made of these',
    buy_trades UInt64 codec(ZSTD(1)) comment 'of aggressive buyers',
    sell_trades UInt64 codec(ZSTD(1)) comment 'of aggressive sellers',
    volume Float64 codec(ZSTD(1)) comment 'sum of trade sizes, base units or contracts',
    buy_volume Float64 codec(ZSTD(1)) comment 'of aggressive buyers, base units or contracts',
    sell_volume Float64 codec(ZSTD(1)) comment 'of aggressive sellers, base units or contracts',
    price_volume Float64 codec(ZSTD(1)) comment 'sum of price times size',
    open Float64 codec(ZSTD(1)) comment 'first trade price, quote currency',
    high Float64 codec(ZSTD(1)) comment 'highest trade price, quote currency',
    low Float64 codec(ZSTD(1)) comment 'lowest trade price, quote currency',
    close Float64 codec(ZSTD(1)) comment 'last trade price, quote currency',
    vwap Float64 codec(ZSTD(1)) comment 'price_volume over volume, quote currency',
    largest_size Float64 codec(ZSTD(1)) comment 'of one trade, base units or contracts',
    off_book_trades UInt64 codec(ZSTD(1)) comment 'not matched in the book: insurance fund, liquidation, block',
    off_book_volume Float64 codec(ZSTD(1)) comment 'their volume, base units or contracts',
    delay_ms Float64 codec(ZSTD(1)) comment 'mean of receive_time less exchange_time, milliseconds; nan where the venue gives no stamp',
    delay_ms_max Float64 codec(ZSTD(1)) comment 'largest of it, milliseconds',
    receive_time DateTime64(9, 'UTC') codec(DoubleDelta, ZSTD(1)) comment 'of the newest row of the bucket, UTC'
)
engine = ReplacingMergeTree(rows)
partition by toYYYYMMDD(time)
order by (venue, instrument, kind, time)
comment 'public trades by buckets of receive_time; prices are nan where no trade was in the book'
