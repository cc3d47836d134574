-- What 99.9 and 99.99 % allow each subscription to be down, what is used of it and what is left (below 0: exceeded), over
-- its newest day and its newest 30 days, that day with them; and what it was down for longest in that time. Budgets are of
-- the counted seconds in the window so far: those since the subscription began in which its market was open. Unverifiable
-- seconds are not down; their share stands beside.
create or replace view availability_budgets as
with
    days as (
        select
            venue, instrument, channel, toDate(start_time, 'UTC') as day,
            sumIf(seconds, state = 'up') as up_s,
            sumIf(seconds, state = 'down') as down_s,
            sumIf(seconds, state = 'unverifiable') as unverifiable_s,
            sumMapIf(map(toString(cause), seconds), state = 'down') as lost_s,
            max(end_time) as last_end,
            max(day) over (partition by venue, instrument, channel) as newest
        from availability final
        group by venue, instrument, channel, day
    ),
    spans as (
        select *, arrayJoin([('day', 1), ('30 days', 30)]) as span
        from days
    )
select
    venue, instrument, channel, span.1 as window,
    sum(up_s) + sum(down_s) + sum(unverifiable_s) as counted_s,
    sum(down_s) as used_s,
    counted_s * 0.001 as allowed_999_s,
    allowed_999_s - used_s as left_999_s,
    counted_s * 0.0001 as allowed_9999_s,
    allowed_9999_s - used_s as left_9999_s,
    if(counted_s > 0, sum(up_s) / counted_s, nan) as share_up,
    if(counted_s > 0, sum(unverifiable_s) / counted_s, nan) as share_unverifiable,
    arraySort((cause, s) -> -s, mapKeys(sumMap(lost_s)), mapValues(sumMap(lost_s)))[1] as chief_cause,
    max(last_end) as as_of
from spans
where day > newest - span.2
group by venue, instrument, channel, window
