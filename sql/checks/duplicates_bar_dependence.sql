-- No row key of `bar_dependence` occurs twice, not even for a while.
select venue, instrument, timeframe, close_time, shard, count() as copies
from bar_dependence
group by venue, instrument, timeframe, close_time, shard
having copies > 1
limit 100
