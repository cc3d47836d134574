-- Refusals by check and instrument, with what the check measured the last time.
select
    reason as check_name, instrument, count() as refused, max(receive_time) as last,
    argMax(arrayStringConcat(arrayMap((k, v) -> concat(k, ' ', toString(round(v, 4))), mapKeys(values), mapValues(values)), ' · '), receive_time) as measured
from risk_events final
where $__conditionalAll(account in (${account:singlequote}), $account)
    and event = 'refused' and $__timeFilter_ms(receive_time)
group by check_name, instrument
order by refused desc
limit 200
