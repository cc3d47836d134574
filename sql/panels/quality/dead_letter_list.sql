-- The newest frames that could not be understood, and how they begin.
select receive_time as time, venue, reason, length(raw) as bytes, toValidUTF8(substring(raw, 1, 200)) as begins, shard, `offset`, frame
from dead_letters final
where $__conditionalAll(venue in (${venue:singlequote}), $venue)
    and $__timeFilter_ms(receive_time)
order by receive_time desc, shard, `offset`, frame
limit 100
