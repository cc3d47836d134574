-- What trading cost by instrument and side, of turnover: from the mid when the target was first seen to the mid when the order
-- was made (delay), from there to the touch (spread), from there to the price (impact), and fees. Above 0 it cost.
with
    made as (
        select account, client_order_id, time, (bid_price + ask_price) / 2 as mid_price, if(side > 0, ask_price, bid_price) as touch, decision_price,
            contract_size, inverse
        from intents final
        where $__conditionalAll(account in (${account:singlequote}), $account)
            and refused = '' and receive_time > $__fromTime_ms - interval 1 day and receive_time <= $__toTime_ms
    ),
    filled as (
        select fills.instrument as instrument, fills.side as side, fee,
            if(inverse, size * contract_size, size * contract_size * price) as value,
            fills.side * (mid_price - decision_price) / decision_price as waited, fills.side * (touch - mid_price) / decision_price as crossed,
            fills.side * (price - touch) / decision_price as pushed,
            dateDiff('millisecond', made.time, fills.time) as wait_ms
        from (
            select *
            from fills final
            where $__conditionalAll(account in (${account:singlequote}), $account)
                and $__timeFilter_ms(receive_time)
        ) as fills
        inner join made on made.account = fills.account and made.client_order_id = fills.client_order_id
    )
select
    instrument, if(side > 0, 'buy', 'sell') as way, count() as fills_made, sum(value) as turnover,
    sum(waited * value) / turnover * 10000 as delay_bps, sum(crossed * value) / turnover * 10000 as spread_bps,
    sum(pushed * value) / turnover * 10000 as impact_bps, sum(fee) / turnover * 10000 as fee_bps,
    delay_bps + spread_bps + impact_bps + fee_bps as cost_bps, quantile(0.5)(wait_ms) as median_wait_ms,
    max(wait_ms) as longest_wait_ms
from filled
group by instrument, way
order by turnover desc
