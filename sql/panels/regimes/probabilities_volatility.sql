-- Filtered probabilities of the states of volatility on one timeframe.
select
    $__timeInterval_ms(time) as at,
    avgOrNullIf(probability_calm, isFinite(probability_calm)) as calm,
    avgOrNullIf(probability_normal, isFinite(probability_normal)) as normal,
    avgOrNullIf(probability_stressed, isFinite(probability_stressed)) as stressed
from regimes final
where venue in (${venue:singlequote}) and instrument in (${instrument:singlequote})
    and timeframe in (${timeframe:singlequote}) and $__timeFilter_ms(time)
group by at
order by at
