-- No row key of `correlations` occurs twice, not even for a while.
select account, receive_time, `offset`, `row`, count() as copies
from correlations
group by account, receive_time, `offset`, `row`
having copies > 1
limit 100
