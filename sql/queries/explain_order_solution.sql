-- The optimiser's answer that became a target: rung, weights, and which limits bound.
-- Parameters: account, venue, instrument, target_offset (row of the trading journal that the target came with).
select *
from solutions
where account = {account:String} and `offset` = {target_offset:Int64}
    and mapContains(weights, concat({venue:String}, '|', {instrument:String}))
order by `row` desc
limit 1
