-- Time from receipt to each stage, milliseconds: median, 99th and 99.9th percentile; of several shards the slowest.
select
    $__timeInterval_ms(receive_time) as at, stage, max(p50_ns) / 1e6 as p50, max(p99_ns) / 1e6 as p99, max(p999_ns) / 1e6 as p999
from latency final
where $__conditionalAll(shard in (${shard:singlequote}), $shard)
    and $__timeFilter_ms(receive_time)
group by at, stage
order by at, stage
