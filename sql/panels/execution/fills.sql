-- Our own trades, newest first.
select
    receive_time as time, account, venue, instrument, if(side > 0, 'buy', 'sell') as way, price, size, price * size as turnover, fee,
    fill_id, client_order_id
from fills final
where $__conditionalAll(account in (${account:singlequote}), $account)
    and $__timeFilter_ms(receive_time)
order by receive_time desc, fill_id
limit 500
