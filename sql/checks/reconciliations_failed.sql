-- The newest word on every reconciled range is not that something is wrong.
select shard, first_offset, last_offset, argMax(verdict, time) as newest_verdict, argMax(reason, time) as newest_reason
from reconciliations
group by shard, first_offset, last_offset
having newest_verdict = 'failed'
limit 100
