-- How far each shard's journal is in the tables, whole: a block's row in `commits` is written when all its other rows
-- are there, and blocks of a shard are written in order. To read several tables as of one moment, ask this first and
-- then each of them where `offset` is not above it.
create or replace view watermarks as
select
    shard,
    max(last_offset) as last_offset,
    max(commits.receive_time) as receive_time
from commits
group by shard
