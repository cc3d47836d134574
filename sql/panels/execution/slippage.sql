-- Slippage of fills against the mid when the order was sent, basis points, weighted by turnover; above 0 it cost.
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
select $__timeInterval_ms(receive_time) as at, instrument, sum(costs.slippage_bps * size * price) / sum(size * price) as mean_slippage_bps
from costs
where isFinite(costs.slippage_bps)
group by at, instrument
order by at, instrument
