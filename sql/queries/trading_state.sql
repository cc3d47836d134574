-- Whether every account may trade: active, reducing or halted, since when and why. Without a window, because an account
-- that was halted a week ago is still halted. Active since null: its state never changed. Equity and drawdown as of the
-- account's newest row of the last day of recorded time; null: there is none.
-- Parameters: limit (rows).
with
    standing as
    (
        select account, argMax((equity, drawdown), (receive_time, `offset`)) as worth
        from accounts
        where receive_time > (select max(receive_time) from accounts) - interval 1 day
        group by account
    ),
    known as
    (
        select account from positions
        union distinct
        select account from orders
        union distinct
        select account from risk_events
        union distinct
        select account from standing
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
    known.account as account,
    if(event in ('reducing', 'halted'), event, 'active') as state,
    if(event = '', null, receive_time) as since,
    reason,
    if(standing.account = '', null, worth.1) as equity,
    if(standing.account = '', null, worth.2) as drawdown
from known
left join changes on changes.account = known.account
left join standing on standing.account = known.account
order by account
limit {limit:UInt32}
