-- The newest proofs of completeness, failed ones first.
-- Parameters: limit (rows).
select shard, first_offset, last_offset, time, verdict, reason, frames, received, shed, rows_committed, rows_found
from reconciliations
order by verdict = 'failed' desc, time desc, shard, last_offset desc
limit {limit:UInt32}
