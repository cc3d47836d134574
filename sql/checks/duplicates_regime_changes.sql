-- No row key of `regime_changes` occurs twice, not even for a while.
select venue, instrument, timeframe, view, time, receive_time, shard, `offset`, frame, count() as copies
from regime_changes
group by venue, instrument, timeframe, view, time, receive_time, shard, `offset`, frame
having copies > 1
limit 100
