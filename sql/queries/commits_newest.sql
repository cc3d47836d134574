-- How far each shard's journal is committed to the tables, and what became of the frames of the last hour of it.
-- Parameters: limit (rows).
select
    shard,
    max(last_offset) as committed_offset,
    max(commits.receive_time) as committed_time,
    sum(received) as frames,
    sum(duplicate) as duplicate_frames,
    sum(dead_lettered) as dead_lettered_frames,
    sum(shed) as shed_frames
from commits
where commits.receive_time > (select max(commits.receive_time) from commits) - interval 1 hour
group by shard
order by shard
limit {limit:UInt32}
