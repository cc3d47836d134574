-- Fees paid, running total of the range, by instrument.
select at as time, instrument, sum(paid) over (partition by instrument order by at) as fees
from (
    select $__timeInterval_ms(receive_time) as at, instrument, sum(fee) as paid
    from fills final
    where $__conditionalAll(account in (${account:singlequote}), $account)
        and $__timeFilter_ms(receive_time)
    group by at, instrument
)
order by time, instrument
