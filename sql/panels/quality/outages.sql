-- Every interval in which a subscription was down, longest first.
select start_time, venue, instrument, channel, cause, seconds
from availability final
where $__conditionalAll(venue in (${venue:singlequote}), $venue)
    and $__conditionalAll(instrument in (${instrument:singlequote}), $instrument)
    and state = 'down' and end_time >= $__fromTime_ms and start_time <= $__toTime_ms
order by seconds desc, start_time
limit 500
