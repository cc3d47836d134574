create table coverage
(
    venue LowCardinality(String) comment 'exchange or market segment, such as binance-usdm',
    instrument LowCardinality(String) comment 'symbol as the venue spells it',
    session LowCardinality(String) comment 'date of the trading session on its exchange, such as 2026-11-22',
    session_start DateTime64(9, 'UTC') codec(DoubleDelta, ZSTD(1)) comment 'when the session opens, UTC',
    session_end DateTime64(9, 'UTC') codec(DoubleDelta, ZSTD(1)) comment 'when it closes, UTC',
    time DateTime64(9, 'UTC') codec(DoubleDelta, ZSTD(1)) comment 'what the row says is as of this time, UTC',
    receive_time DateTime64(9, 'UTC') codec(DoubleDelta, ZSTD(1)) comment 'when that became known, UTC',
    valid_s Float64 codec(ZSTD(1)) comment 'trading time with a valid book, seconds',
    recorded_s Float64 codec(ZSTD(1)) comment 'trading time in which capture was there, seconds',
    elapsed_s Float64 codec(ZSTD(1)) comment 'trading time of the session so far, seconds',
    share Float64 codec(ZSTD(1)) comment 'valid_s over elapsed_s, 0 to 1',
    ended Bool codec(ZSTD(1)) comment 'whether this is the end of the session',
    detection LowCardinality(String) comment 'how a lost book message shows: counter, chain, range, checksum; none: valid is unverifiable here',
    shard LowCardinality(String) comment 'stream it was derived from, such as binance-usdm/0',
    `offset` Int64 codec(DoubleDelta, ZSTD(1)) comment 'row of the shard''s journal it was derived from',
    frame Int32 codec(Delta, ZSTD(1)) comment 'position of the frame in that journal row'
)
engine = ReplacingMergeTree
partition by toYYYYMM(receive_time)
order by (venue, instrument, time, shard)
settings non_replicated_deduplication_window = 10000
comment 'share of every trading session with a valid book: a row a minute, and one at its end'
