-- Expected shortfall by instrument over time, quote currency, one step of returns; all parts of a moment sum to the whole.
select $__timeInterval_ms(receive_time) as at, name, argMax(amount, (receive_time, `offset`)) / 1e6 as es_part
from risk_parts final
where $__conditionalAll(account in (${account:singlequote}), $account)
    and measure = 'es' and dimension = 'instrument' and $__timeFilter_ms(receive_time)
group by at, name
order by at, name
