-- Budgets of 99.9 and 99.99 % of every subscription, with what it was down for most, those in need first.
-- Parameters: instrument ('' = all), window ('' = both; day, 30 days), limit (rows).
with causes as (
    select venue, instrument, channel, argMax(cause, lost_s) as chief_cause
    from (
        select venue, instrument, channel, cause, sum(seconds) as lost_s
        from availability
        where state = 'down' and start_time >= (select max(start_time) from availability) - toIntervalDay(30)
        group by venue, instrument, channel, cause
    )
    group by venue, instrument, channel
)
select
    budgets.venue as venue, budgets.instrument as instrument, budgets.channel as channel, budgets.window as window,
    counted_s, used_s, allowed_999_s, left_999_s, allowed_9999_s, left_9999_s, share_up, share_unverifiable,
    causes.chief_cause as chief_cause, as_of
from availability_budgets as budgets
left join causes
    on budgets.venue = causes.venue
    and budgets.instrument = causes.instrument
    and budgets.channel = causes.channel
where ({instrument:String} = '' or budgets.instrument = {instrument:String})
    and ({window:String} = '' or budgets.window = {window:String})
order by window desc, used_s / greatest(counted_s, 1e-9) desc, venue, instrument, channel
limit {limit:UInt32}
