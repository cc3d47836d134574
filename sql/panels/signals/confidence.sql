-- How sure signals are, a series per instrument and timeframe.
select $__timeInterval_ms(time) as at, instrument, timeframe, avgOrNullIf(confidence, isFinite(confidence)) as sure
from signals final
where $__conditionalAll(venue in (${venue:singlequote}), $venue)
    and $__conditionalAll(instrument in (${instrument:singlequote}), $instrument)
    and $__conditionalAll(timeframe in (${timeframe:singlequote}), $timeframe)
    and $__timeFilter_ms(time)
group by at, instrument, timeframe
order by at, instrument, timeframe
