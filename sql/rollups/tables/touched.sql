create table touched
(
    name LowCardinality(String) comment 'that rows were written to: quotes, trades or features',
    venue LowCardinality(String) comment 'whose rows they are',
    first_time DateTime('UTC') comment 'second of the oldest row, UTC',
    last_time DateTime('UTC') comment 'second of the newest row, UTC',
    id UUID comment 'of the note',
    noted_at DateTime64(3, 'UTC') codec(DoubleDelta, ZSTD(1)) comment 'when it was written down, UTC, by the store''s clock',
    sign Int8 comment '+1: noted; -1: done, the roll-ups have what the note is of'
)
engine = CollapsingMergeTree(sign)
partition by tuple()
order by (name, venue, first_time, last_time, id, noted_at)
settings non_replicated_deduplication_window = 10000
comment 'stretches of time that an insert wrote rows of and that the roll-ups do not have yet; done ones vanish with the next merge'
