-- What was asked for in which regime, over the range.
select
    timeframe, regime, count() as signals, avg(direction) as mean_asked, avg(abs(direction)) as mean_strength,
    avgOrNullIf(confidence, isFinite(confidence)) as mean_sure
from signals final
where $__conditionalAll(venue in (${venue:singlequote}), $venue)
    and $__conditionalAll(instrument in (${instrument:singlequote}), $instrument)
    and $__conditionalAll(timeframe in (${timeframe:singlequote}), $timeframe)
    and $__timeFilter_ms(time)
group by timeframe, regime
order by timeframe, signals desc
