create table quotes
(
    venue LowCardinality(String) comment 'exchange or market segment, such as binance-usdm',
    instrument LowCardinality(String) comment 'symbol as the venue spells it',
    exchange_time Nullable(DateTime64(9, 'UTC')) codec(ZSTD(1)) comment 'the venue''s own stamp, UTC; null where it gives none',
    receive_time DateTime64(9, 'UTC') codec(Delta, ZSTD(1)) comment 'when we received it, UTC',
    sequence Int64 codec(DoubleDelta, ZSTD(1)) comment 'the venue''s own final update id of the message',
    source LowCardinality(String) comment 'book (from the rebuilt book) or ticker (the venue''s own best bid and ask)',
    bid_price Float64 codec(Delta, ZSTD(1)) comment 'quote currency; nan where not valid',
    bid_size Float64 codec(Delta, ZSTD(1)) comment 'base units or contracts',
    ask_price Float64 codec(Delta, ZSTD(1)) comment 'quote currency; nan where not valid',
    ask_size Float64 codec(Delta, ZSTD(1)) comment 'base units or contracts',
    valid Bool codec(ZSTD(1)) comment 'whether this is the venue''s state at sequence beyond doubt',
    shard LowCardinality(String) comment 'stream it was derived from, such as binance-usdm/0',
    `offset` Int64 codec(DoubleDelta, ZSTD(1)) comment 'row of the shard''s journal it was derived from',
    frame Int32 codec(Delta, ZSTD(1)) comment 'position of the frame in that journal row'
)
engine = ReplacingMergeTree
partition by toYYYYMMDD(receive_time)
order by (venue, instrument, receive_time, source, sequence, shard, `offset`, frame)
settings non_replicated_deduplication_window = 10000
comment 'best bid and ask after every book message and every ticker message'
