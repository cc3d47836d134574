-- Drawdown as a share of peak equity, as the gate measured it at orders and the switch at its events.
select at, max(share) as drawdown
from (
    select $__timeInterval_ms(receive_time) as at, values['drawdown'] as share
    from risk_events final
    where $__conditionalAll(account in (${account:singlequote}), $account)
        and mapContains(values, 'drawdown') and $__timeFilter_ms(receive_time)
    union all
    select $__timeInterval_ms(receive_time), checks['drawdown']
    from orders final
    where $__conditionalAll(account in (${account:singlequote}), $account)
        and mapContains(checks, 'drawdown') and $__timeFilter_ms(receive_time)
)
where isFinite(share)
group by at
order by at
