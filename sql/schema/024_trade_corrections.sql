create table trade_corrections
(
    venue LowCardinality(String) comment 'exchange or market segment, such as binance-usdm',
    instrument LowCardinality(String) comment 'symbol as the venue spells it',
    exchange_time Nullable(DateTime64(9, 'UTC')) codec(ZSTD(1)) comment 'the venue''s own stamp, UTC; null where it gives none',
    receive_time DateTime64(9, 'UTC') codec(DoubleDelta, ZSTD(1)) comment 'when we received it, UTC',
    action LowCardinality(String) comment 'cancel or correct',
    trade_id Int64 codec(ZSTD(1)) comment 'of the trade as in table trades',
    price Float64 codec(ZSTD(1)) comment 'as it was reported, quote currency',
    size Float64 codec(ZSTD(1)) comment 'as it was reported',
    new_trade_id Int64 codec(ZSTD(1)) comment 'of the trade in its place; -1 for a cancel',
    new_price Float64 codec(ZSTD(1)) comment 'quote currency; nan for a cancel',
    new_size Float64 codec(ZSTD(1)) comment 'nan for a cancel',
    shard LowCardinality(String) comment 'stream it was derived from, such as binance-usdm/0',
    `offset` Int64 codec(DoubleDelta, ZSTD(1)) comment 'row of the shard''s journal it was derived from',
    frame Int32 codec(Delta, ZSTD(1)) comment 'position of the frame in that journal row'
)
engine = ReplacingMergeTree
partition by toYYYYMM(receive_time)
order by (venue, instrument, receive_time, trade_id, shard, `offset`, frame)
settings non_replicated_deduplication_window = 10000
comment 'trades that the venue took back or corrected, after the fact'
