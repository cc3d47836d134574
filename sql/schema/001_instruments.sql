create table instruments
(
    venue LowCardinality(String) comment 'exchange or market segment, such as binance-usdm',
    instrument LowCardinality(String) comment 'symbol as the venue spells it',
    id Int32 codec(ZSTD(1)) comment 'row number in the shard''s instrument table',
    tick_size Float64 codec(ZSTD(1)) comment 'smallest price step, quote currency',
    lot_size Float64 codec(ZSTD(1)) comment 'smallest size step, base units or contracts',
    contract_size Float64 codec(ZSTD(1)) comment 'base units per 1 of size; quote units if inverse',
    inverse Bool codec(ZSTD(1)) comment 'coin-margined: notional is size times contract_size',
    base LowCardinality(String) comment 'what is traded, in the same spelling on every venue, such as BTC; empty where not known',
    quote LowCardinality(String) comment 'in what it is paid; empty where not known',
    kind LowCardinality(String) comment 'spot, perpetual, future, option, equity; empty where not known',
    status LowCardinality(String) comment 'the venue''s own word, such as TRADING or online; empty where not known',
    detection LowCardinality(String) comment 'how a lost book message shows: counter, chain, range, checksum; none: it does not, books are unverifiable',
    stable_id String codec(ZSTD(1)) comment 'the venue''s id that outlives renames; empty where it has none',
    renamed_from LowCardinality(String) comment 'symbol before; empty where there was none',
    effective_time DateTime64(9, 'UTC') codec(DoubleDelta, ZSTD(1)) comment 'when this holds from, UTC; receive_time where the venue does not say',
    receive_time DateTime64(9, 'UTC') codec(DoubleDelta, ZSTD(1)) comment 'when we received it, UTC',
    shard LowCardinality(String) comment 'stream it was derived from, such as binance-usdm/0',
    `offset` Int64 codec(DoubleDelta, ZSTD(1)) comment 'row of the shard''s journal it was derived from',
    frame Int32 codec(Delta, ZSTD(1)) comment 'position of the frame in that journal row'
)
engine = ReplacingMergeTree
partition by toYYYYMM(receive_time)
order by (venue, instrument, receive_time, shard, `offset`, frame)
settings non_replicated_deduplication_window = 10000
comment 'what is traded, in which steps, under which name; a new row whenever it changes'
