-- No row key of `dead_letters` occurs twice, not even for a while.
select venue, receive_time, shard, `offset`, frame, reason, count() as copies
from dead_letters
group by venue, receive_time, shard, `offset`, frame, reason
having copies > 1
limit 100
