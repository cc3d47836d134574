-- Orders and fills of the range: how many, how much of it filled, what it cost.
select
    (select uniqExact(client_order_id) from orders final where $__conditionalAll(account in (${account:singlequote}), $account) and $__timeFilter_ms(receive_time)) as orders_made,
    count() as fills_made, sum(fills.size * price) as turnover, sum(fee) as fees,
    if(turnover > 0, fees / turnover * 10000, null) as fee_bps
from fills final
where $__conditionalAll(account in (${account:singlequote}), $account)
    and $__timeFilter_ms(receive_time)
