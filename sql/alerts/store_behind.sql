-- Age of what is whole in the tables, seconds, of every shard that wrote anything in the last day.
select toString(shard) as shard, dateDiff('millisecond', max(receive_time), $__toTime_ms) / 1000 as age_s
from commits
where receive_time > $__toTime_ms - interval 1 day and receive_time <= $__toTime_ms and not startsWith(shard, 'trading')
group by shard
order by shard
