-- What was missing or doubled in the feeds, newest first, and what was seen in place of what.
select receive_time as time, venue, instrument, channel, cause, state, start_time, expected_sequence, received_sequence
from gaps final
where $__conditionalAll(venue in (${venue:singlequote}), $venue)
    and $__conditionalAll(instrument in (${instrument:singlequote}), $instrument)
    and $__timeFilter_ms(receive_time)
order by receive_time desc, instrument, channel
limit 500
