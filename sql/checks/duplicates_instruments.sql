-- No row key of `instruments` occurs twice, not even for a while.
select venue, instrument, receive_time, shard, `offset`, frame, count() as copies
from instruments
group by venue, instrument, receive_time, shard, `offset`, frame
having copies > 1
limit 100
