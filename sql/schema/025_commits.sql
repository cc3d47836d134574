create table commits
(
    shard LowCardinality(String) comment 'stream whose journal it is, such as binance-usdm/0',
    source String codec(ZSTD(1)) comment 'what computed the rows: start of the digest of the source, then the choices of the settings',
    previous_offset Int64 codec(DoubleDelta, ZSTD(1)) comment 'row of the shard''s journal that came before the first of the block; 0 at the beginning',
    first_offset Int64 codec(DoubleDelta, ZSTD(1)) comment 'first row of the shard''s journal in the block',
    last_offset Int64 codec(DoubleDelta, ZSTD(1)) comment 'last row of the shard''s journal in the block',
    first_receive_time DateTime64(9, 'UTC') codec(DoubleDelta, ZSTD(1)) comment 'when its first journal row was complete, UTC',
    receive_time DateTime64(9, 'UTC') codec(DoubleDelta, ZSTD(1)) comment 'when its last journal row was complete, UTC',
    journal_rows Int64 codec(ZSTD(1)) comment 'rows of the journal in it; 0 where the end of a flow added to what was committed before',
    received Int64 codec(ZSTD(1)) comment 'frames of these journal rows that were accounted for',
    applied Int64 codec(ZSTD(1)) comment 'frames that made or changed something',
    duplicate Int64 codec(ZSTD(1)) comment 'frames that said only what was known',
    dead_lettered Int64 codec(ZSTD(1)) comment 'frames that could not be read, in whole or in part',
    control Int64 codec(ZSTD(1)) comment 'frames that say nothing of the market',
    shed Int64 codec(ZSTD(1)) comment 'frames that never came into the journal, as records of it tell',
    rows Map(LowCardinality(String), Int64) codec(ZSTD(1)) comment 'rows written for the block, by table'
)
engine = ReplacingMergeTree
partition by toYYYYMM(receive_time)
order by (shard, last_offset, first_offset, source, journal_rows)
settings non_replicated_deduplication_window = 10000
comment 'one row per insert block, written when all its rows are in the tables'
