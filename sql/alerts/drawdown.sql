-- Share of the peak of equity that is lost, as of each account's newest row of the last day; the line `any` is always there,
-- so that an installation that never traded is no missing data.
select toString(account) as account, toFloat64(argMax(drawdown, (receive_time, `offset`))) as lost
from accounts
where receive_time > $__toTime_ms - interval 1 day and receive_time <= $__toTime_ms and isFinite(drawdown)
group by account
union all
select 'any' as account, toFloat64(0) as lost
