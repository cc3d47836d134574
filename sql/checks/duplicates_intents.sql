-- No row key of `intents` occurs twice, not even for a while.
select account, client_order_id, receive_time, `offset`, `row`, count() as copies
from intents
group by account, client_order_id, receive_time, `offset`, `row`
having copies > 1
limit 100
