-- Which limit of the optimiser binds, and what would a little more of it be worth?
--
-- A dual is the expected utility, as a share of equity, that one unit more of a limit would bring; 0 or missing: it does not
-- bind. Slack is by how much a limit that could not be kept is broken, and names the reason for an answer below `optimal`.
select
    limit_name,
    count() as answers,
    countIf(duals[limit_name] != 0) as bound,
    bound / answers as share_bound,
    avg(duals[limit_name]) as mean_worth,
    max(duals[limit_name]) as largest_worth,
    countIf(slack[limit_name] > 0) as broken,
    max(slack[limit_name]) as largest_slack,
    groupUniqArray(3)(rung) as rungs
from solutions final
array join arrayDistinct(arrayConcat(mapKeys(duals), mapKeys(slack))) as limit_name
group by limit_name
order by bound desc, limit_name
