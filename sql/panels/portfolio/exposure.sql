-- What is held and works, absolute, quote currency at the marks: the most of each point; and leverage.
select $__timeInterval_ms(receive_time) as at, max(gross) as largest_gross, max(if(equity > 0, gross / equity, null)) as leverage
from accounts
where $__conditionalAll(account in (${account:singlequote}), $account)
    and $__timeFilter_ms(receive_time)
group by at
order by at
