-- Signals that changed sides, per instrument and timeframe: what following them costs in trades.
select $__timeInterval_ms(time) as at, instrument, timeframe, sum(flipped) as flips
from (
    select time, instrument, timeframe,
        sign(direction) * sign(lagInFrame(direction, 1, direction) over (partition by venue, instrument, timeframe order by time)) < 0 as flipped
    from signals final
    where $__conditionalAll(venue in (${venue:singlequote}), $venue)
        and $__conditionalAll(instrument in (${instrument:singlequote}), $instrument)
        and $__conditionalAll(timeframe in (${timeframe:singlequote}), $timeframe)
        and $__timeFilter_ms(time)
)
group by at, instrument, timeframe
order by at, instrument, timeframe
