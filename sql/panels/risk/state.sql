-- What the account may do: active until told otherwise, reducing, halted; from the events of the switch.
select time, anyLast(state) as trading
from (
    select toDateTime64($__fromTime_ms, 3) as time,
        if(count() = 0, 'active', argMax(if(event in ('resumed', 'warning'), 'active', toString(event)), (receive_time, `offset`, `row`))) as state
    from risk_events final
    where $__conditionalAll(account in (${account:singlequote}), $account)
        and event in ('reducing', 'halted', 'resumed') and receive_time < $__fromTime_ms
    union all
    select toDateTime64(receive_time, 3) as time, if(event = 'resumed', 'active', toString(event)) as state
    from risk_events final
    where $__conditionalAll(account in (${account:singlequote}), $account)
        and event in ('reducing', 'halted', 'resumed') and $__timeFilter_ms(receive_time)
)
group by time
order by time
