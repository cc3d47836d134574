-- What the account may do now.
select if(count() = 0, 'active', argMax(if(event = 'resumed', 'active', toString(event)), (receive_time, `offset`, `row`))) as trading
from risk_events final
where $__conditionalAll(account in (${account:singlequote}), $account)
    and event in ('reducing', 'halted', 'resumed') and receive_time <= $__toTime_ms
