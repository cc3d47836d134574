-- Proofs that every frame is accounted for, newest first.
select time, shard, verdict, reason, blocks, received, applied, duplicate, dead_lettered, control, shed, rows_committed, rows_found
from reconciliations final
where time <= $__toTime_ms
order by time desc, shard
limit 100
