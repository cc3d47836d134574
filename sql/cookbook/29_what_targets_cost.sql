-- What did it cost to reach our targets, and where did it go?
--
-- Perold's implementation shortfall by instrument and schedule: against the mid when a target was first seen. delay is
-- what the market moved while the schedule waited, spread and impact are what taking cost, opportunity is what moved away
-- from sizes that never filled. Above 0 it cost; bps are of all that was wanted. One row a target: `parent_costs`; one
-- row an order, with the market's vwap beside it: `order_costs`.
select
    instrument, schedule, count() as targets, sum(orders) as all_orders,
    sum(abs(filled_size)) / sum(abs(parent_size)) as fill_rate, sum(notional) as wanted,
    1e4 * sum(delay) / wanted as delayed_bps, 1e4 * sum(spread) / wanted as crossed_bps,
    1e4 * sum(impact) / wanted as impacted_bps, 1e4 * sum(fees) / wanted as charged_bps,
    1e4 * sumIf(opportunity, isFinite(opportunity)) / wanted as missed_bps,
    delayed_bps + crossed_bps + impacted_bps + charged_bps + missed_bps as cost_bps
from parent_costs
where isFinite(notional)
group by instrument, schedule
order by wanted desc
