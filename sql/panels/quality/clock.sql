-- When the clock of the capturing machine was set, and by how much.
select receive_time as time, venue, step_ns / 1000000 as step_ms, adopted, shard
from clock_steps final
where $__timeFilter_ms(receive_time)
order by receive_time desc
limit 100
