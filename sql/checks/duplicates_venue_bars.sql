-- No row key of `venue_bars` occurs twice, not even for a while.
select venue, instrument, timeframe, open_time, receive_time, shard, `offset`, frame, count() as copies
from venue_bars
group by venue, instrument, timeframe, open_time, receive_time, shard, `offset`, frame
having copies > 1
limit 100
