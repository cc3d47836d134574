-- 99th percentile of the time from receipt to signals, milliseconds: the median of the last five minutes' seconds, by shard.
select toString(shard) as shard, quantile(0.5)(p99_ns) / 1e6 as p99_ms
from latency
where stage = 'sink' and receive_time > $__toTime_ms - interval 5 minute and receive_time <= $__toTime_ms
group by shard
order by shard
