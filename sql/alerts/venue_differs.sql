-- What a venue's word differed in from ours within the last hour, by account; the line `any` is always there.
select toString(account) as account, toFloat64(count()) as differences
from risk_events final
where event not in ('refused', 'warning', 'reducing', 'halted', 'resumed', 'dropped', 'opened', 'link_up', 'link_down')
    and receive_time > $__toTime_ms - interval 1 hour and receive_time <= $__toTime_ms
group by account
union all
select 'any' as account, toFloat64(0) as differences
