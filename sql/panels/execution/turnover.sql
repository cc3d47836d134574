-- Turnover of our fills by instrument; sells count as negative.
select $__timeInterval_ms(receive_time) as at, instrument, sum(side * size * price) as signed_turnover
from fills final
where $__conditionalAll(account in (${account:singlequote}), $account)
    and $__timeFilter_ms(receive_time)
group by at, instrument
order by at, instrument
