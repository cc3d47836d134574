-- No row key of `marks` occurs twice, not even for a while.
select venue, instrument, receive_time, shard, `offset`, frame, count() as copies
from marks
group by venue, instrument, receive_time, shard, `offset`, frame
having copies > 1
limit 100
