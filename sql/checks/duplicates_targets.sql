-- No row key of `targets` occurs twice, not even for a while.
select account, venue, instrument, receive_time, `offset`, time, count() as copies
from targets
group by account, venue, instrument, receive_time, `offset`, time
having copies > 1
limit 100
