-- Gaps that nothing has healed yet.
select venue, instrument, channel, cause, receive_time as since, dateDiff('second', receive_time, $__toTime_ms) as open_s, expected_sequence, received_sequence
from (
    select *
    from gaps final
    where $__conditionalAll(venue in (${venue:singlequote}), $venue)
        and $__conditionalAll(instrument in (${instrument:singlequote}), $instrument)
        and cause != 'duplicate' and receive_time <= $__toTime_ms
    order by receive_time desc, `offset` desc, frame desc
    limit 1 by venue, instrument, channel
)
where state = 'open'
order by since
limit 500
