-- No row key of `clock_steps` occurs twice, not even for a while.
select venue, receive_time, shard, `offset`, frame, count() as copies
from clock_steps
group by venue, receive_time, shard, `offset`, frame
having copies > 1
limit 100
