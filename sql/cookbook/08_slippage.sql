-- What did our orders cost against the mid at the moment they were decided?
--
-- The reference is the newest valid mid known when the order was submitted (ASOF), not the one at the fill: waiting is
-- part of the cost. Positive is a cost; fees are beside it.
with
    submitted as (
        select account, venue, instrument, client_order_id, receive_time
        from orders final
        where state = 'submitted'
    ),
    decided as (
        select submitted.*, (quotes.bid_price + quotes.ask_price) / 2 as mid_price
        from submitted
        asof inner join (select * from quotes final where valid and source = 'book') as quotes
            on submitted.venue = quotes.venue
            and submitted.instrument = quotes.instrument
            and submitted.receive_time >= quotes.receive_time
    )
select
    fills.instrument as instrument,
    count() as fills,
    sum(fills.price * fills.size) as notional,
    1e4 * sum(fills.side * (fills.price - decided.mid_price) * fills.size) / notional as slippage_bps,
    1e4 * sum(fills.fee) / notional as fee_bps,
    avg(dateDiff('millisecond', decided.receive_time, fills.receive_time)) as mean_wait_ms
from fills final
inner join decided on fills.account = decided.account and fills.client_order_id = decided.client_order_id
group by instrument
order by notional desc
