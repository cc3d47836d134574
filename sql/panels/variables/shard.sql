-- Streams that are in the tables.
select shard from watermarks order by shard
