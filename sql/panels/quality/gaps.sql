-- Gaps that opened, by cause.
select $__timeInterval_ms(receive_time) as at, cause, count() as opened
from gaps final
where $__conditionalAll(venue in (${venue:singlequote}), $venue)
    and $__conditionalAll(instrument in (${instrument:singlequote}), $instrument)
    and state = 'open' and $__timeFilter_ms(receive_time)
group by at, cause
order by at, cause
