create table trades
(
    venue LowCardinality(String) comment 'exchange or market segment, such as binance-usdm',
    instrument LowCardinality(String) comment 'symbol as the venue spells it',
    exchange_time Nullable(DateTime64(9, 'UTC')) codec(ZSTD(1)) comment 'the venue''s own stamp, UTC; null where it gives none',
    receive_time DateTime64(9, 'UTC') codec(Delta, ZSTD(1)) comment 'when we received it, UTC',
    trade_id Int64 codec(DoubleDelta, ZSTD(1)) comment 'the venue''s id',
    price Float64 codec(ZSTD(1)) comment 'quote currency',
    size Float64 codec(ZSTD(1)) comment 'base units or contracts',
    side Int8 codec(ZSTD(1)) comment 'the aggressor''s: +1 buy, -1 sell',
    kind LowCardinality(String) comment 'trade (one match) or aggregate (matches of one taker order at one price)',
    off_book Bool codec(ZSTD(1)) comment 'not matched in the book: insurance fund, liquidation, block',
    shard LowCardinality(String) comment 'stream it was derived from, such as binance-usdm/0',
    `offset` Int64 codec(DoubleDelta, ZSTD(1)) comment 'row of the shard''s journal it was derived from',
    frame Int32 codec(Delta, ZSTD(1)) comment 'position of the frame in that journal row'
)
engine = ReplacingMergeTree
partition by toYYYYMMDD(receive_time)
order by (venue, instrument, receive_time, kind, trade_id, shard, `offset`, frame)
settings non_replicated_deduplication_window = 10000
comment 'public trades'
