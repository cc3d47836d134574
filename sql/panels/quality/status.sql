-- Halts, auctions and price bands, newest first.
select receive_time as time, venue, instrument, phase, code, reason, if(isFinite(lower_price), lower_price, null) as lower,
    if(isFinite(upper_price), upper_price, null) as upper
from market_status final
where $__conditionalAll(venue in (${venue:singlequote}), $venue)
    and $__conditionalAll(instrument in (${instrument:singlequote}), $instrument)
    and $__timeFilter_ms(receive_time)
order by receive_time desc, instrument
limit 200
