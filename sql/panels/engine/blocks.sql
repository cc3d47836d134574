-- Insert blocks: how many a second, how much recorded time the longest spans, and how many rows the largest holds.
select
    $__timeInterval_ms(receive_time) as at, count() / $__interval_s as blocks_per_s,
    max(dateDiff('millisecond', first_receive_time, receive_time)) as longest_ms, max(arraySum(mapValues(rows))) as most_rows
from commits final
prewhere $__conditionalAll(shard in (${shard:singlequote}), $shard)
    and $__timeFilter_ms(receive_time)
group by at
order by at
