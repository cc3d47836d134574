-- Every change of a held state in the range, newest first.
select
    time, timeframe, view, previous, regime as now, probability, held_bars,
    arrayStringConcat(arrayMap((k, v) -> concat(k, ' ', toString(round(v, 2))), mapKeys(evidence), mapValues(evidence)), ' · ') as because
from regime_changes final
where venue in (${venue:singlequote}) and instrument in (${instrument:singlequote})
    and $__conditionalAll(timeframe in (${timeframe:singlequote}), $timeframe)
    and $__timeFilter_ms(time)
order by time desc, timeframe, view
limit 500
