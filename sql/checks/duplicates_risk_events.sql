-- No row key of `risk_events` occurs twice, not even for a while.
select account, venue, instrument, receive_time, `offset`, `row`, count() as copies
from risk_events
group by account, venue, instrument, receive_time, `offset`, `row`
having copies > 1
limit 100
