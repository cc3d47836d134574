-- How far the tables hold each shard's journal: up to the newest block that is there whole.
-- Parameters: limit (rows).
select shard, last_offset as stored_offset, receive_time as stored_time
from watermarks
order by shard
limit {limit:UInt32}
