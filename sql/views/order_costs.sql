-- What every order cost against the mid when its target was first seen (`decision_price`), split as Perold's
-- implementation shortfall. Costs are above 0, in quote currency; bps are of the whole order at the decision price.
-- delay: the mid moved until the order was made; spread: from that mid to the touch; impact: from the touch to the mean
-- price of the fills; opportunity: the mid moved away from what did not fill, until the order's newest word (an order
-- that follows takes the rest, so sum `opportunity` over parents, in parent_costs, and not here), nan where no mid is
-- known. vwap: of all that traded in public in the seconds that the order lived; nan where nothing did. shortfall =
-- delay + spread + impact + fees + opportunity. A share of an inverse contract's notional counts at the decision price.
create or replace view order_costs as
with
    made as (
        select
            account, venue, instrument, client_order_id, target_offset, schedule, urgency, side, size, limit_price,
            wanted_size, position_size, decision_time, decision_price, time as made_time, toDateTime(receive_time, 'UTC') as known_second,
            (bid_price + ask_price) / 2 as arrival_price, if(side > 0, ask_price, bid_price) as touch_price,
            if(inverse, contract_size / decision_price, contract_size) as unit
        from intents final
        where refused = ''
    ),
    stands as (
        select
            account, client_order_id, argMax(orders.state, place) as state, max(orders.time) as end_time,
            toDateTime(max(orders.receive_time), 'UTC') as ended_second
        from (select *, (receive_time, `offset`, `row`) as place from orders final) as orders
        group by account, client_order_id
    ),
    done as (
        select
            account, client_order_id, count() as fills, sum(fills.size) as filled_size,
            sum(fills.price * fills.size) / sum(fills.size) as average_price, sum(fee) as fees,
            min(fills.time) as first_fill_time, max(fills.time) as last_fill_time
        from (select * from fills final) as fills
        group by account, client_order_id
    ),
    traded as (
        select
            venue, instrument, seconds.time as second,
            sum(seconds.volume) over since as volume, sum(seconds.price_volume) over since as price_volume
        from (
            select venue, instrument, time, sum(volume) as volume, sum(price_volume) as price_volume
            from trades_1s final
            group by venue, instrument, time
        ) as seconds
        window since as (partition by venue, instrument order by seconds.time rows unbounded preceding)
    ),
    mids as (
        select venue, instrument, time as second, mid_close
        from quotes_1s final
        where source = 'book' and valid_updates > 0
    )
select
    made.account as account, made.venue as venue, made.instrument as instrument,
    made.client_order_id as client_order_id, target_offset, schedule, urgency, made.side as side, made.size as size,
    limit_price, wanted_size, position_size, stands.state as state, decision_time, made_time, end_time,
    first_fill_time, last_fill_time, decision_price, arrival_price, touch_price, average_price,
    if(mids.mid_close > 0, mids.mid_close, nan) as end_price,
    (later.price_volume - earlier.price_volume) / (later.volume - earlier.volume) as vwap,
    fills, filled_size, made.size * unit * decision_price as notional, filled_size / made.size as fill_rate,
    filled_size * unit * made.side as signed_units,
    signed_units * (arrival_price - decision_price) as delay,
    signed_units * (touch_price - arrival_price) as spread,
    if(fills > 0, signed_units * (average_price - touch_price), 0) as impact,
    fees,
    if(filled_size < made.size, (made.size - filled_size) * unit * made.side * (end_price - decision_price), 0) as opportunity,
    delay + spread + impact + fees + opportunity as shortfall,
    signed_units * (average_price - vwap) as against_vwap,
    1e4 * delay / notional as delay_bps, 1e4 * spread / notional as spread_bps, 1e4 * impact / notional as impact_bps,
    1e4 * fees / notional as fees_bps, 1e4 * opportunity / notional as opportunity_bps,
    1e4 * shortfall / notional as shortfall_bps, 1e4 * against_vwap / notional as against_vwap_bps
from made
inner join stands on stands.account = made.account and stands.client_order_id = made.client_order_id
left join done on done.account = made.account and done.client_order_id = made.client_order_id
asof left join mids
    on mids.venue = made.venue and mids.instrument = made.instrument and stands.ended_second > mids.second
asof left join traded as earlier
    on earlier.venue = made.venue and earlier.instrument = made.instrument and made.known_second > earlier.second
asof left join traded as later
    on later.venue = made.venue and later.instrument = made.instrument and stands.ended_second >= later.second
