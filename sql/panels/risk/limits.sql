-- Limits of the account in force, as shares of the fixed ones of the settings; each stands until it moves again.
select $__timeInterval_ms(receive_time) as at, `limit` as limit_name, argMax(value / fixed, (receive_time, `offset`)) as share_of_fixed
from limits final
where $__conditionalAll(account in (${account:singlequote}), $account)
    and instrument = '' and $__timeFilter_ms(receive_time) and fixed > 0
group by at, limit_name
order by at, limit_name
