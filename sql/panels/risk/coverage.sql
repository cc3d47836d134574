-- Backtest of value at risk by method, over horizons that do not overlap: how often the loss was larger, how often it should
-- have been, and the p-value of Kupiec's test of that share (1995, J. of Derivatives 3).
with
    measured as (
        select account, receive_time, equity, var, level, horizon_s, addMilliseconds(receive_time, toInt64(horizon_s * 1000)) as due
        from risk final
        where $__conditionalAll(account in (${account:singlequote}), $account)
            and $__timeFilter_ms(receive_time) and isFinite(equity) and notEmpty(var)
        order by receive_time
        limit 1 by account, intDiv(toUnixTimestamp64Milli(receive_time), toInt64(horizon_s * 1000))
    ),
    later as (
        select account, receive_time, equity
        from risk final
        where $__conditionalAll(account in (${account:singlequote}), $account)
            and $__timeFilter_ms(receive_time) and isFinite(equity)
    ),
    judged as (
        select method, count() as horizons, countIf(measured.equity - later.equity > measured.var[method]) as exceptions,
            any(1 - level) as wanted_share
        from (select *, arrayJoin(mapKeys(var)) as method from measured) as measured
        asof inner join later on later.account = measured.account and later.receive_time >= measured.due
        group by method
    )
select
    method, horizons, exceptions, exceptions / horizons as share, wanted_share,
    2 * (if(exceptions > 0, exceptions * log(share / wanted_share), 0)
        + if(exceptions < horizons, (horizons - exceptions) * log((1 - share) / (1 - wanted_share)), 0)) as ratio,
    erfc(sqrt(greatest(ratio, 0) / 2)) as kupiec_p_value
from judged
order by method
limit 50
