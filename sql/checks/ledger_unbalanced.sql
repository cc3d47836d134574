-- Every row of the trading journal that moved the books moved them in balance.
select account, `offset`, sum(amount) as difference
from ledger final
group by account, `offset`
having difference != 0
limit 100
