-- No row key of `signals` occurs twice, not even for a while.
select venue, instrument, timeframe, time, receive_time, shard, `offset`, frame, count() as copies
from signals
group by venue, instrument, timeframe, time, receive_time, shard, `offset`, frame
having copies > 1
limit 100
