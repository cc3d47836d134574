-- No row key of `coverage` occurs twice, not even for a while.
select venue, instrument, time, shard, count() as copies
from coverage
group by venue, instrument, time, shard
having copies > 1
limit 100
