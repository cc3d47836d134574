-- What the order book of each instrument was: up, unverifiable, down or closed; `no data` from where nothing more is known.
select at, instrument, state
from (
    select toDateTime64(greatest(start_time, $__fromTime_ms), 3) as at, instrument, argMax(toString(state), receive_time) as state
    from availability final
    where $__conditionalAll(venue in (${venue:singlequote}), $venue)
        and $__conditionalAll(instrument in (${instrument:singlequote}), $instrument)
        and channel = 'depth' and end_time > $__fromTime_ms and start_time <= $__toTime_ms
    group by at, instrument
    union all
    select toDateTime64(max(end_time) + interval 90 second, 3) as at, instrument, 'no data' as state
    from availability final
    where $__conditionalAll(venue in (${venue:singlequote}), $venue)
        and $__conditionalAll(instrument in (${instrument:singlequote}), $instrument)
        and channel = 'depth' and end_time > $__fromTime_ms and start_time <= $__toTime_ms
    group by instrument
    having at < $__toTime_ms
)
order by at, instrument
limit 20000
