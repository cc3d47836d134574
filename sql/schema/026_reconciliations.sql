create table reconciliations
(
    shard LowCardinality(String) comment 'stream whose journal it is, such as binance-usdm/0',
    source String codec(ZSTD(1)) comment 'what computed the rows: start of the digest of the source, then the choices of the settings',
    first_offset Int64 codec(DoubleDelta, ZSTD(1)) comment 'first row of the shard''s journal in the range',
    last_offset Int64 codec(DoubleDelta, ZSTD(1)) comment 'last row of the shard''s journal in the range',
    receive_time DateTime64(9, 'UTC') codec(DoubleDelta, ZSTD(1)) comment 'when the last journal row of the range was complete, UTC',
    time DateTime64(9, 'UTC') codec(DoubleDelta, ZSTD(1)) comment 'when this was found, UTC',
    verdict LowCardinality(String) comment 'proven; unproven, where the journal no longer holds the range; or failed',
    reason String codec(ZSTD(1)) comment 'what is wrong or cannot be known; empty where proven',
    blocks Int64 codec(ZSTD(1)) comment 'insert blocks of the range',
    holes Int64 codec(ZSTD(1)) comment 'journal rows between blocks that no block holds',
    overlaps Int64 codec(ZSTD(1)) comment 'blocks that hold journal rows another holds too; their rows are there once, by key',
    frames Int64 codec(ZSTD(1)) comment 'frames that the journal itself holds of the range; -1 where it no longer holds all',
    received Int64 codec(ZSTD(1)) comment 'frames accounted for',
    applied Int64 codec(ZSTD(1)) comment 'frames that made or changed something',
    duplicate Int64 codec(ZSTD(1)) comment 'frames that said only what was known',
    dead_lettered Int64 codec(ZSTD(1)) comment 'frames that could not be read, in whole or in part',
    control Int64 codec(ZSTD(1)) comment 'frames that say nothing of the market',
    shed Int64 codec(ZSTD(1)) comment 'frames that never came into the journal, as records of it tell',
    rows_committed Int64 codec(ZSTD(1)) comment 'rows of all tables that the blocks say they wrote',
    rows_found Int64 codec(ZSTD(1)) comment 'rows of all tables that are there, copies of a key counted once'
)
engine = ReplacingMergeTree
partition by toYYYYMM(receive_time)
order by (shard, last_offset, first_offset, source, time)
settings non_replicated_deduplication_window = 10000
comment 'proofs that every frame of a range of a journal is accounted for: received = applied + duplicate + dead_lettered + control'
