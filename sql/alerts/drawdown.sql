-- Profit lost of the highest of the last 24 hours, quote currency, as of each account's newest fill; the line `any` is
-- always there, so that an installation that never traded is no missing data.
with
    steps as (
        select
            account, receive_time, `offset`, `row`,
            realised_pnl + unrealised_pnl - lagInFrame(realised_pnl + unrealised_pnl, 1, 0) over (
                partition by account, venue, instrument order by receive_time, `offset`, `row`) as step
        from positions final
        where receive_time <= $__toTime_ms
    ),
    profits as (
        select account, receive_time, sum(step) over (partition by account order by receive_time, `offset`, `row`) as profit,
            `offset`, `row`
        from steps
    )
select toString(account) as account, max(profit) - argMax(profit, (receive_time, `offset`, `row`)) as lost
from profits
where receive_time > $__toTime_ms - interval 24 hour
group by account
union all
select 'any' as account, 0 as lost
