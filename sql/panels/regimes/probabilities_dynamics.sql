-- Filtered probabilities of the states of dynamics on one timeframe.
select
    $__timeInterval_ms(time) as at,
    avgOrNullIf(probability_reverting, isFinite(probability_reverting)) as reverting,
    avgOrNullIf(probability_random, isFinite(probability_random)) as random,
    avgOrNullIf(probability_trending, isFinite(probability_trending)) as trending
from regimes final
where venue in (${venue:singlequote}) and instrument in (${instrument:singlequote})
    and timeframe in (${timeframe:singlequote}) and $__timeFilter_ms(time)
group by at
order by at
