-- No row key of `latency` occurs twice, not even for a while.
select venue, shard, stage, receive_time, count() as copies
from latency
group by venue, shard, stage, receive_time
having copies > 1
limit 100
