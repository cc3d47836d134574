-- How orders of the range ended, and why.
select toString(stands) as ended, why, count() as orders_ended
from (
    select client_order_id, argMax(state, (receive_time, `offset`, `row`)) as stands, argMax(reason, (receive_time, `offset`, `row`)) as why
    from orders final
    where $__conditionalAll(account in (${account:singlequote}), $account)
        and $__timeFilter_ms(receive_time)
    group by account, client_order_id
)
group by ended, why
order by orders_ended desc
limit 100
