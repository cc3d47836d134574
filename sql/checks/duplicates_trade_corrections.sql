-- No row key of `trade_corrections` occurs twice, not even for a while.
select venue, instrument, receive_time, trade_id, shard, `offset`, frame, count() as copies
from trade_corrections
group by venue, instrument, receive_time, trade_id, shard, `offset`, frame
having copies > 1
limit 100
