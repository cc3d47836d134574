-- Which code and choices computed what lies in the tables: a new line is an upgrade or another choice.
select source, shard, min(first_receive_time) as since, max(receive_time) as until, count() as blocks
from commits final
where receive_time <= $__toTime_ms and receive_time > $__toTime_ms - interval 30 day
group by source, shard
order by until desc
limit 50
