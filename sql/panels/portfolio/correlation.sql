-- How far blocks of returns were from the correlations that stood: p-value of each, and 1 where the alarm stands.
select $__timeInterval_ms(receive_time) as at, min(if(isFinite(p_value), p_value, null)) as least_p_value, toFloat64(max(alarm)) as alarm_stands
from correlations final
where $__conditionalAll(account in (${account:singlequote}), $account)
    and $__timeFilter_ms(receive_time)
group by at
order by at
