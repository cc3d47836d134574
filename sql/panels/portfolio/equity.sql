-- Equity at the marks, and the part of it that is cash.
select
    $__timeInterval_ms(receive_time) as at, argMax(equity, (receive_time, `offset`)) as equity_then,
    argMax(cash, (receive_time, `offset`)) as cash_then
from accounts
where $__conditionalAll(account in (${account:singlequote}), $account)
    and $__timeFilter_ms(receive_time)
group by at
order by at
