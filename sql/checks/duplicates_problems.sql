-- No row key of `problems` occurs twice, not even for a while.
select account, request, `offset`, `row`, count() as copies
from problems
group by account, request, `offset`, `row`
having copies > 1
limit 100
