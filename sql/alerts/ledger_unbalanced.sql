-- By how much the ledger's rows of the trading journal of the last day are out of balance, quote currency, the worst of each
-- account: always 0. The line `any` is always there.
select toString(account) as account, max(abs(toFloat64(difference))) as unbalanced
from (
    select account, `offset`, sum(amount) as difference
    from ledger final
    where receive_time > $__toTime_ms - interval 1 day and receive_time <= $__toTime_ms
    group by account, `offset`
)
group by account
union all
select 'any' as account, toFloat64(0) as unbalanced
