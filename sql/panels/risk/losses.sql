-- Backtest marks: what was lost over the horizon that followed each measurement, beside the least and the largest value
-- at risk that was measured then. A point above a line is an exception.
with
    measured as (
        select account, receive_time, equity, arrayMin(mapValues(var)) as least, arrayMax(mapValues(var)) as most,
            addMilliseconds(receive_time, toInt64(horizon_s * 1000)) as due
        from risk final
        where $__conditionalAll(account in (${account:singlequote}), $account)
            and $__timeFilter_ms(receive_time) and isFinite(equity) and notEmpty(var)
    ),
    later as (
        select account, receive_time, equity
        from risk final
        where $__conditionalAll(account in (${account:singlequote}), $account)
            and $__timeFilter_ms(receive_time) and isFinite(equity)
    )
select
    $__timeInterval_ms(measured.receive_time) as at, max(measured.least) as least_var, max(measured.most) as largest_var,
    max(measured.equity - later.equity) as loss
from measured
asof inner join later on later.account = measured.account and later.receive_time >= measured.due
group by at
order by at
