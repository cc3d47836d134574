-- Price of fills against the mid when the order was made, basis points, weighted by turnover; above 0 it cost.
with
    made as (
        select account, client_order_id, (bid_price + ask_price) / 2 as mid_price, contract_size, inverse
        from intents final
        where $__conditionalAll(account in (${account:singlequote}), $account)
            and refused = '' and receive_time > $__fromTime_ms - interval 1 day and receive_time <= $__toTime_ms
    )
select
    $__timeInterval_ms(receive_time) as at, instrument,
    sum(side * (price / mid_price - 1) * 10000 * value) / sum(if(inverse, size * contract_size, size * contract_size * price) as value) as mean_slippage_bps
from (
    select *
    from fills final
    where $__conditionalAll(account in (${account:singlequote}), $account)
        and $__timeFilter_ms(receive_time)
) as fills
inner join made on made.account = fills.account and made.client_order_id = fills.client_order_id
group by at, instrument
order by at, instrument
