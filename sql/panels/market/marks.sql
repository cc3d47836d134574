-- Newest mark, index and funding of futures.
select
    venue, instrument, receive_time, if(isFinite(mark_price), mark_price, null) as mark_price,
    if(isFinite(index_price), index_price, null) as index_price,
    if(isFinite(mark_price / index_price), (mark_price / index_price - 1) * 10000, null) as basis_bps,
    if(isFinite(funding_rate), funding_rate, null) as funding_rate, next_funding_time
from marks final
where $__conditionalAll(venue in (${venue:singlequote}), $venue)
    and $__conditionalAll(instrument in (${instrument:singlequote}), $instrument)
    and receive_time > $__toTime_ms - interval 10 minute and receive_time <= $__toTime_ms
order by receive_time desc
limit 1 by venue, instrument
limit 500
