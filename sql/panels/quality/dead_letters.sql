-- Frames that could not be understood, by reason.
select $__timeInterval_ms(receive_time) as at, substring(reason, 1, 60) as why, count() as frames
from dead_letters final
where $__conditionalAll(venue in (${venue:singlequote}), $venue)
    and $__timeFilter_ms(receive_time)
group by at, why
order by at, why
