-- What the gate measured of orders that passed: the largest of each check, over time.
select $__timeInterval_ms(receive_time) as at, item.1 as check_name, max(item.2) as largest
from (
    select receive_time, arrayJoin(arrayZip(mapKeys(checks), mapValues(checks))) as item
    from orders final
    where $__conditionalAll(account in (${account:singlequote}), $account)
        and $__timeFilter_ms(receive_time) and notEmpty(checks)
)
where isFinite(item.2) and item.1 in ('order_notional', 'position_notional', 'gross_notional')
group by at, check_name
order by at, check_name
