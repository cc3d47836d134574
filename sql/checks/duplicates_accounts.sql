-- No row key of `accounts` occurs twice, not even for a while.
select account, receive_time, `offset`, count() as copies
from accounts
group by account, receive_time, `offset`
having copies > 1
limit 100
