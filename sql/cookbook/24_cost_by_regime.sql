-- What did trading cost in which regime?
--
-- An order's intent holds the book at the moment it was made and the mid when its target was first seen
-- (`decision_price`), so no quotes need be searched. Slippage is against the first, shortfall against the second: it holds
-- the waiting too. The regime is the one that was known when the order was made (ASOF by receive time). Above 0 it cost.
with
    filled as (
        select
            fills.account as account, fills.venue as venue, fills.instrument as instrument,
            intents.receive_time as made, intents.urgency as urgency,
            fills.price * fills.size as notional, fills.fee as fee,
            fills.side * (fills.price - (bid_price + ask_price) / 2) * fills.size as slipped,
            fills.side * (fills.price - decision_price) * fills.size as short_of
        from fills final
        inner join (select * from intents final where refused = '') as intents
            on intents.account = fills.account and intents.client_order_id = fills.client_order_id
    )
select
    filled.instrument as instrument,
    regimes.regime as regime,
    count() as fills,
    sum(notional) as turnover,
    1e4 * sum(slipped) / turnover as slippage_bps,
    1e4 * sum(short_of) / turnover as shortfall_bps,
    1e4 * sum(fee) / turnover as fee_bps,
    avg(urgency) as mean_urgency
from filled
asof inner join (select * from regimes final where timeframe = 'ultra_short') as regimes
    on filled.venue = regimes.venue
    and filled.instrument = regimes.instrument
    and filled.made >= regimes.receive_time
group by instrument, regime
order by turnover desc
