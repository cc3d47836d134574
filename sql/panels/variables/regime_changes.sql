-- Marks at regime changes: which state of which view was left for which, and how sure that was. Those of ultra_short are
-- shown where the range is at most an hour; the newest 200.
select
    time,
    concat(instrument, ' ', timeframe, ': ', previous, ' → ', regime) as title,
    concat(view, ' after ', toString(held_bars), ' bars, probability ', toString(round(probability, 2))) as text,
    concat(timeframe, ',', view, ',', regime) as tags
from regime_changes final
where $__timeFilter_ms(time)
    and $__conditionalAll(venue in (${venue:singlequote}), $venue)
    and $__conditionalAll(instrument in (${instrument:singlequote}), $instrument)
    and (timeframe != 'ultra_short' or dateDiff('second', $__fromTime, $__toTime) <= 3600)
order by time desc
limit 200
