-- No row key of `risk_parts` occurs twice, not even for a while.
select account, receive_time, measure, dimension, name, `offset`, count() as copies
from risk_parts
group by account, receive_time, measure, dimension, name, `offset`
having copies > 1
limit 100
