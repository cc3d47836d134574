-- Answers of the optimiser by the rung of its ladder: optimal, relaxed, risk_parity, hold, reduce.
select $__timeInterval_ms(receive_time) as at, rung, count() as answers
from solutions final
where $__conditionalAll(account in (${account:singlequote}), $account)
    and $__timeFilter_ms(receive_time)
group by at, rung
order by at, rung
