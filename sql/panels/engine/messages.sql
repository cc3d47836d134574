-- Messages measured per second, by stage.
select $__timeInterval_ms(receive_time) as at, stage, sum(count) / $__interval_s as messages_per_s
from latency final
where $__conditionalAll(shard in (${shard:singlequote}), $shard)
    and $__timeFilter_ms(receive_time)
group by at, stage
order by at, stage
