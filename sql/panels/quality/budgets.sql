-- What 99.9 and 99.99 % allow each subscription to be down, and what is left of it; below 0 it is exceeded.
select
    venue, instrument, channel, window, if(isFinite(share_up), share_up, null) as up, used_s, left_999_s, left_9999_s,
    if(isFinite(share_unverifiable), share_unverifiable, null) as unverifiable, chief_cause, as_of
from availability_budgets
where $__conditionalAll(venue in (${venue:singlequote}), $venue)
    and $__conditionalAll(instrument in (${instrument:singlequote}), $instrument)
order by left_999_s, venue, instrument, channel, window
limit 500
