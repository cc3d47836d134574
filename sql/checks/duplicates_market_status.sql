-- No row key of `market_status` occurs twice, not even for a while.
select venue, instrument, receive_time, shard, `offset`, frame, phase, code, count() as copies
from market_status
group by venue, instrument, receive_time, shard, `offset`, frame, phase, code
having copies > 1
limit 100
