-- What the account may do, what it has lost of its peak, and what one day or one gap may cost it, as last measured.
with
    stands as (
        select toString(state) as state, drawdown, if(link = 1, 'up', 'down') as link
        from accounts
        where $__conditionalAll(account in (${account:singlequote}), $account)
            and receive_time > $__toTime_ms - interval 1 day and receive_time <= $__toTime_ms
        order by receive_time desc, `offset` desc
        limit 1
    )
select
    if(count() = 0, 'active', argMax(if(event = 'resumed', 'active', toString(event)), (receive_time, `offset`, `row`))) as trading,
    (select link from stands) as orders_link, (select drawdown from stands) as lost
from risk_events final
where $__conditionalAll(account in (${account:singlequote}), $account)
    and event in ('reducing', 'halted', 'resumed') and receive_time <= $__toTime_ms
