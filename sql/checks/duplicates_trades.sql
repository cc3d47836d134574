-- No row key of `trades` occurs twice, not even for a while.
select venue, instrument, receive_time, kind, trade_id, shard, `offset`, frame, count() as copies
from trades
group by venue, instrument, receive_time, kind, trade_id, shard, `offset`, frame
having copies > 1
limit 100
