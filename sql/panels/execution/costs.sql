-- What trading cost by instrument and side: slippage against the mid when orders were sent, fees, and the wait for fills.
with
    submitted as (
        select account, client_order_id, min(time) as sent, any(venue) as venue, any(instrument) as instrument
        from orders final
        where $__conditionalAll(account in (${account:singlequote}), $account)
            and state = 'submitted' and receive_time > $__fromTime_ms - interval 1 day and receive_time <= $__toTime_ms
        group by account, client_order_id
    ),
    filled as (
        select fills.receive_time as receive_time, fills.venue as venue, fills.instrument as instrument, side, price, size, fee, sent, fills.time as done
        from (select * from fills final where $__conditionalAll(account in (${account:singlequote}), $account) and $__timeFilter_ms(receive_time)) as fills
        inner join submitted on submitted.account = fills.account and submitted.client_order_id = fills.client_order_id
    ),
    books as (
        select venue, instrument, receive_time, (bid_price + ask_price) / 2 as mid_price
        from quotes
        where valid and (venue, instrument) in (select venue, instrument from filled)
            and receive_time > (select min(sent) from filled) - interval 1 minute
            and receive_time <= (select max(sent) from filled)
    ),
    costs as (
        select filled.receive_time as receive_time, filled.instrument as instrument, side, price, size, fee, mid_price,
            dateDiff('millisecond', sent, done) as wait_ms,
            side * (price / mid_price - 1) * 10000 as slippage_bps
        from filled
        asof inner join books on books.venue = filled.venue and books.instrument = filled.instrument
            and books.receive_time <= filled.sent
    )
select
    instrument, if(side > 0, 'buy', 'sell') as way, count() as fills_made, sum(size * price) as turnover,
    sum(costs.slippage_bps * size * price) / turnover as mean_slippage_bps, sum(fee) / turnover * 10000 as fee_bps,
    mean_slippage_bps + fee_bps as cost_bps, quantile(0.5)(wait_ms) as median_wait_ms, max(wait_ms) as longest_wait_ms
from costs
where isFinite(costs.slippage_bps)
group by instrument, way
order by turnover desc
