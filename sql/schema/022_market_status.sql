create table market_status
(
    venue LowCardinality(String) comment 'exchange or market segment, such as binance-usdm',
    instrument LowCardinality(String) comment 'symbol as the venue spells it',
    exchange_time Nullable(DateTime64(9, 'UTC')) codec(ZSTD(1)) comment 'the venue''s own stamp, UTC; null where it gives none',
    receive_time DateTime64(9, 'UTC') codec(DoubleDelta, ZSTD(1)) comment 'when we received it, UTC',
    phase LowCardinality(String) comment 'open, halted, auction, limited, closed, delisted, limits (a price band alone) or unknown',
    code LowCardinality(String) comment 'the venue''s own word',
    reason String codec(ZSTD(1)) comment 'the venue''s own reason; empty for none',
    lower_price Float64 codec(ZSTD(1)) comment 'lower end of the price band, quote currency; nan where there is none',
    upper_price Float64 codec(ZSTD(1)) comment 'upper end of the price band, quote currency; nan where there is none',
    shard LowCardinality(String) comment 'stream it was derived from, such as binance-usdm/0',
    `offset` Int64 codec(DoubleDelta, ZSTD(1)) comment 'row of the shard''s journal it was derived from',
    frame Int32 codec(Delta, ZSTD(1)) comment 'position of the frame in that journal row'
)
engine = ReplacingMergeTree
partition by toYYYYMM(receive_time)
order by (venue, instrument, receive_time, shard, `offset`, frame, phase, code)
settings non_replicated_deduplication_window = 10000
comment 'halts, auctions, price bands: whether, and within which prices, an instrument may trade'
