-- Decisions to rebalance or not, newest first: what called for it, what it would gain and cost, and why it was or was not done.
select
    receive_time as time, account, `trigger` as called_by, decision, reason, regime, drift, if(isFinite(gain_bps), gain_bps, null) as gain,
    if(isFinite(cost_bps), cost_bps, null) as cost, equity, instruments
from rebalances final
where $__conditionalAll(account in (${account:singlequote}), $account)
    and $__timeFilter_ms(receive_time)
order by receive_time desc, `offset` desc, `row` desc
limit 500
