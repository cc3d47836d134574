-- No row key of `fills` occurs twice, not even for a while.
select account, venue, instrument, receive_time, `offset`, fill_id, count() as copies
from fills
group by account, venue, instrument, receive_time, `offset`, fill_id
having copies > 1
limit 100
