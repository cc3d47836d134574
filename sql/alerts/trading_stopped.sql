-- 1 where an account may not trade freely: reducing or halted by its newest event; the line `any` is always there.
select toString(account) as account, toFloat64(argMax(event, (receive_time, `offset`, `row`)) in ('reducing', 'halted')) as stopped
from risk_events final
where event in ('reducing', 'halted', 'resumed') and receive_time <= $__toTime_ms
group by account
union all
select 'any' as account, toFloat64(0) as stopped
