-- Value at risk by method over the horizon that the settings give, quote currency.
select $__timeInterval_ms(receive_time) as at, item.1 as method, max(item.2) as largest_var
from (
    select receive_time, arrayJoin(arrayZip(mapKeys(var), mapValues(var))) as item
    from risk
    where $__conditionalAll(account in (${account:singlequote}), $account)
        and $__timeFilter_ms(receive_time)
)
group by at, method
order by at, method
