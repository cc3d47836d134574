-- How old what is whole in the tables was at each moment: the time between the ends of insert blocks that follow each other.
select at, shard, max(gap_s) as oldest_s
from (
    select $__timeInterval_ms(receive_time) as at, shard,
        dateDiff('millisecond', lagInFrame(receive_time, 1, receive_time) over (partition by shard order by receive_time), receive_time) / 1000 as gap_s
    from commits final
    where $__conditionalAll(shard in (${shard:singlequote}), $shard)
        and $__timeFilter_ms(receive_time)
)
group by at, shard
order by at, shard
