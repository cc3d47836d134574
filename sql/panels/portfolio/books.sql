-- What came and went in the range, by what it was: running totals of the ledger; above 0 is gain, below 0 is cost.
select at as time, what, sum(came) over (partition by what order by at) as total
from (
    select $__timeInterval_ms(receive_time) as at, toString(book) as what, toFloat64(-sum(amount)) as came
    from ledger final
    where $__conditionalAll(account in (${account:singlequote}), $account)
        and book not in ('cash', 'position', 'capital') and $__timeFilter_ms(receive_time)
    group by at, what
)
order by time, what
