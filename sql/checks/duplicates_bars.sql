-- No row key of `bars` occurs twice, not even for a while.
select venue, instrument, timeframe, open_time, revision, shard, count() as copies
from bars
group by venue, instrument, timeframe, open_time, revision, shard
having copies > 1
limit 100
