-- Orders as they stand at the end of the range, newest first.
select
    min(receive_time) as sent, account, venue, instrument, client_order_id, if(any(side) > 0, 'buy', 'sell') as way, any(size) as order_size,
    any(limit_price) as limit_at, toString(argMax(state, (receive_time, `offset`, `row`))) as stands,
    argMax(reason, (receive_time, `offset`, `row`)) as why, max(receive_time) as since
from orders final
where $__conditionalAll(account in (${account:singlequote}), $account)
    and $__timeFilter_ms(receive_time)
group by account, venue, instrument, client_order_id
order by sent desc, client_order_id
limit 500
