-- No row key of `availability` occurs twice, not even for a while.
select venue, instrument, channel, start_time, shard, count() as copies
from availability
group by venue, instrument, channel, start_time, shard
having copies > 1
limit 100
