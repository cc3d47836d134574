-- How long from a frame's arrival to features, signals and the store?
--
-- The table holds percentiles of short intervals. Percentiles cannot be averaged: the p99 of an hour is not the mean of
-- its minutes' p99. What can be said exactly is the worst interval; what can be said fairly is the median interval,
-- weighed by its messages.
select
    venue,
    stage,
    sum(count) as messages,
    quantileExactWeighted(0.5)(p50_ns, toUInt64(count)) / 1e6 as usual_p50_ms,
    quantileExactWeighted(0.5)(p99_ns, toUInt64(count)) / 1e6 as usual_p99_ms,
    max(p99_ns) / 1e6 as worst_p99_ms,
    max(max_ns) / 1e6 as worst_ms
from latency final
where receive_time >= (select max(receive_time) from latency) - interval 1 day
group by venue, stage
order by venue, stage
