-- No row key of `orders` occurs twice, not even for a while.
select account, venue, instrument, receive_time, `offset`, `row`, count() as copies
from orders
group by account, venue, instrument, receive_time, `offset`, `row`
having copies > 1
limit 100
