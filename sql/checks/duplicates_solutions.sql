-- No row key of `solutions` occurs twice, not even for a while.
select account, request, `offset`, `row`, count() as copies
from solutions
group by account, request, `offset`, `row`
having copies > 1
limit 100
