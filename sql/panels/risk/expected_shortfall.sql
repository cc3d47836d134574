-- Expected shortfall by method over the same horizon, quote currency.
select $__timeInterval_ms(receive_time) as at, item.1 as method, max(item.2) as largest_es
from (
    select receive_time, arrayJoin(arrayZip(mapKeys(es), mapValues(es))) as item
    from risk
    where $__conditionalAll(account in (${account:singlequote}), $account)
        and $__timeFilter_ms(receive_time)
)
group by at, method
order by at, method
