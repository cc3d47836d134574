-- How much longer the held state of each view is expected to last.
select
    $__timeInterval_ms(time) as at,
    avgOrNullIf(remaining_volatility_s, isFinite(remaining_volatility_s)) as mean_remaining_volatility_s,
    avgOrNullIf(remaining_direction_s, isFinite(remaining_direction_s)) as mean_remaining_direction_s,
    avgOrNullIf(remaining_dynamics_s, isFinite(remaining_dynamics_s)) as mean_remaining_dynamics_s
from regimes final
where venue in (${venue:singlequote}) and instrument in (${instrument:singlequote})
    and timeframe in (${timeframe:singlequote}) and $__timeFilter_ms(time)
group by at
order by at
