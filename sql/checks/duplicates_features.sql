-- No row key of `features` occurs twice, not even for a while.
select venue, instrument, receive_time, sequence, shard, `offset`, frame, count() as copies
from features
group by venue, instrument, receive_time, sequence, shard, `offset`, frame
having copies > 1
limit 100
