-- No row key of `ledger` occurs twice, not even for a while.
select account, receive_time, `offset`, `row`, count() as copies
from ledger
group by account, receive_time, `offset`, `row`
having copies > 1
limit 100
