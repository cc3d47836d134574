-- No row key of `gaps` occurs twice, not even for a while.
select venue, instrument, receive_time, channel, cause, state, expected_sequence, received_sequence, shard, `offset`, frame, count() as copies
from gaps
group by venue, instrument, receive_time, channel, cause, state, expected_sequence, received_sequence, shard, `offset`, frame
having copies > 1
limit 100
