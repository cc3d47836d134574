-- No row key of `quotes` occurs twice, not even for a while.
select venue, instrument, receive_time, source, sequence, shard, `offset`, frame, count() as copies
from quotes
group by venue, instrument, receive_time, source, sequence, shard, `offset`, frame
having copies > 1
limit 100
