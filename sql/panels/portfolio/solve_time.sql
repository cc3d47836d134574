-- How long the optimiser took: median and slowest answer of each point.
select $__timeInterval_ms(receive_time) as at, quantile(0.5)(elapsed_ms) as median_ms, max(elapsed_ms) as slowest_ms
from solutions final
where $__conditionalAll(account in (${account:singlequote}), $account)
    and $__timeFilter_ms(receive_time)
group by at
order by at
