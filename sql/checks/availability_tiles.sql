-- The intervals of a subscription follow each other: none overlaps another, and between none is a hole.
with following as (
    select
        venue, instrument, channel, shard, start_time, end_time,
        row_number() over (partition by venue, instrument, channel, shard order by start_time desc) as place,
        lagInFrame(start_time) over (
            partition by venue, instrument, channel, shard order by start_time desc
            rows between unbounded preceding and unbounded following
        ) as next_start
    from availability final
)
select venue, instrument, channel, shard, start_time, end_time, next_start
from following
where place > 1 and next_start != end_time
limit 100
