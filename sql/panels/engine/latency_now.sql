-- Latency of every stage and shard, the newest second of the range.
select shard, stage, receive_time as time, count as messages, p50_ns / 1e6 as p50_ms, p99_ns / 1e6 as p99_ms, p999_ns / 1e6 as p999_ms, max_ns / 1e6 as max_ms
from latency final
where $__conditionalAll(shard in (${shard:singlequote}), $shard)
    and $__timeFilter_ms(receive_time)
order by receive_time desc
limit 1 by shard, stage
limit 100
