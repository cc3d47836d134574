-- No row key of `limits` occurs twice, not even for a while.
select account, venue, instrument, `limit`, receive_time, `offset`, count() as copies
from limits
group by account, venue, instrument, `limit`, receive_time, `offset`
having copies > 1
limit 100
