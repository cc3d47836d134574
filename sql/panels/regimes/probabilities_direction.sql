-- Filtered probabilities of the states of direction on one timeframe.
select
    $__timeInterval_ms(time) as at,
    avgOrNullIf(probability_bear, isFinite(probability_bear)) as bear,
    avgOrNullIf(probability_neutral, isFinite(probability_neutral)) as neutral,
    avgOrNullIf(probability_bull, isFinite(probability_bull)) as bull
from regimes final
where venue in (${venue:singlequote}) and instrument in (${instrument:singlequote})
    and timeframe in (${timeframe:singlequote}) and $__timeFilter_ms(time)
group by at
order by at
