-- How sure the held states are, how much other timeframes agree, how badly every known regime explains the newest bars.
select
    $__timeInterval_ms(time) as at,
    avgOrNullIf(confidence, isFinite(confidence)) as mean_confidence,
    avgOrNullIf(agreement, isFinite(agreement)) as mean_agreement,
    avgOrNullIf(anomaly, isFinite(anomaly)) as mean_anomaly
from regimes final
where venue in (${venue:singlequote}) and instrument in (${instrument:singlequote})
    and timeframe in (${timeframe:singlequote}) and $__timeFilter_ms(time)
group by at
order by at
