-- Orders that the gate refused, by the check that refused them.
select $__timeInterval_ms(receive_time) as at, reason as check_name, count() as refused
from risk_events final
where $__conditionalAll(account in (${account:singlequote}), $account)
    and event = 'refused' and $__timeFilter_ms(receive_time)
group by at, check_name
order by at, check_name
