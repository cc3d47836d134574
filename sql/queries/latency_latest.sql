-- Latencies of every stage as last measured, among those of the last minute of measuring.
-- Parameters: limit (rows).
with (select max(receive_time) from latency) as newest
select venue, shard, stage, receive_time, count, p50_ns, p99_ns, p999_ns, max_ns
from latency
where receive_time >= newest - interval 1 minute
order by receive_time desc
limit 1 by venue, shard, stage
limit {limit:UInt32}
