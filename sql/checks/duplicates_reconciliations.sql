-- No row key of `reconciliations` occurs twice, not even for a while.
select shard, last_offset, first_offset, source, time, count() as copies
from reconciliations
group by shard, last_offset, first_offset, source, time
having copies > 1
limit 100
