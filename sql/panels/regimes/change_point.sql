-- Probability that a change point lies within the last few bars, and bars since the last.
select
    $__timeInterval_ms(time) as at,
    avgOrNullIf(change_point_probability, isFinite(change_point_probability)) as mean_change_point_probability,
    avgOrNullIf(run_length_bars, isFinite(run_length_bars)) as mean_run_length_bars
from regimes final
where venue in (${venue:singlequote}) and instrument in (${instrument:singlequote})
    and timeframe in (${timeframe:singlequote}) and $__timeFilter_ms(time)
group by at
order by at
