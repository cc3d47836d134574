-- What the portfolio wants to hold over time, quote currency; a target stands until the next.
select receive_time as time, instrument, argMax(notional, `offset`) as target
from targets final
where $__conditionalAll(account in (${account:singlequote}), $account)
    and $__timeFilter_ms(receive_time)
group by time, instrument
order by time, instrument
limit 5000
