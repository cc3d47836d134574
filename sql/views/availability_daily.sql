-- Seconds of every subscription by state, a row for each day of UTC. share_up and share_unverifiable are of the counted
-- seconds, which are all but the closed ones.
create or replace view availability_daily as
select
    venue, instrument, channel, toDate(start_time, 'UTC') as day,
    sumIf(seconds, state = 'up') as up_s,
    sumIf(seconds, state = 'down') as down_s,
    sumIf(seconds, state = 'unverifiable') as unverifiable_s,
    sumIf(seconds, state = 'closed') as closed_s,
    up_s + down_s + unverifiable_s as counted_s,
    if(counted_s > 0, up_s / counted_s, nan) as share_up,
    if(counted_s > 0, unverifiable_s / counted_s, nan) as share_unverifiable,
    max(end_time) as as_of
from availability final
group by venue, instrument, channel, day
