-- Orders by the state they entered, over time.
select $__timeInterval_ms(receive_time) as at, state, count() as orders_entered
from orders final
where $__conditionalAll(account in (${account:singlequote}), $account)
    and $__timeFilter_ms(receive_time)
group by at, state
order by at, state
