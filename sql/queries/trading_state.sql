-- Whether every account may trade: active, reducing or halted, since when and why. Without a window, because an account
-- that was halted a week ago is still halted. Active since null: its state never changed.
-- Parameters: limit (rows).
with
    accounts as
    (
        select account from positions
        union distinct
        select account from orders
        union distinct
        select account from risk_events
    ),
    changes as
    (
        select account, receive_time, event, reason
        from risk_events
        where event in ('reducing', 'halted', 'resumed')
        order by receive_time desc, `offset` desc, `row` desc
        limit 1 by account
    )
select
    account,
    if(event in ('reducing', 'halted'), event, 'active') as state,
    if(event = '', null, receive_time) as since,
    reason
from accounts left join changes using (account)
order by account
limit {limit:UInt32}
