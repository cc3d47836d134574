-- Share of the trading session with a valid book, as of each minute.
select time as at, instrument, max(share) as covered
from coverage final
where $__conditionalAll(venue in (${venue:singlequote}), $venue)
    and $__conditionalAll(instrument in (${instrument:singlequote}), $instrument)
    and $__timeFilter_ms(time)
group by at, instrument
order by at, instrument
