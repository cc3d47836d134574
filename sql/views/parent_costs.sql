-- What every target cost that orders were made for: the orders of one target together, as in order_costs, in quote
-- currency and in bps of the whole parent, which brings what was held at its first order to what it wanted. opportunity
-- is of what never filled, until the newest word of its last order. A target that no order passed the gate for is not here.
create or replace view parent_costs as
select
    account, venue, instrument, target_offset,
    argMin(costs.schedule, costs.made_time) as schedule,
    argMin(costs.wanted_size, costs.made_time) as wanted_size,
    argMin(costs.position_size, costs.made_time) as start_size,
    wanted_size - start_size as parent_size,
    sign(parent_size) as way,
    min(costs.decision_time) as decision_time, min(costs.made_time) as begin_time, max(costs.end_time) as end_time,
    any(costs.decision_price) as decision_price,
    argMax(costs.end_price, costs.end_time) as end_price,
    count() as orders, sum(costs.fills) as fills,
    sum(costs.side * costs.filled_size) as filled_size,
    if(filled_size != 0, sum(costs.side * costs.filled_size * ifNotFinite(costs.average_price, 0)) / filled_size, nan) as average_price,
    any(costs.notional / costs.size) as notional_of_one,
    abs(parent_size) * notional_of_one as notional,
    sum(costs.delay) as delay, sum(costs.spread) as spread, sum(costs.impact) as impact, sum(costs.fees) as fees,
    if(way * (parent_size - filled_size) > 0,
        (parent_size - filled_size) * notional_of_one / decision_price * (end_price - decision_price), 0) as opportunity,
    delay + spread + impact + fees + opportunity as shortfall,
    1e4 * delay / notional as delay_bps, 1e4 * spread / notional as spread_bps, 1e4 * impact / notional as impact_bps,
    1e4 * fees / notional as fees_bps, 1e4 * opportunity / notional as opportunity_bps,
    1e4 * shortfall / notional as shortfall_bps
from order_costs as costs
where target_offset > 0
group by account, venue, instrument, target_offset
