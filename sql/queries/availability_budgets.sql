-- Budgets of 99.9 and 99.99 % of every subscription, with what it was down for most, those in need first.
-- Parameters: instrument ('' = all), window ('' = both; day, 30 days), limit (rows).
select
    venue, instrument, channel, window, counted_s, used_s, allowed_999_s, left_999_s, allowed_9999_s, left_9999_s,
    share_up, share_unverifiable, chief_cause, as_of
from availability_budgets
where ({instrument:String} = '' or instrument = {instrument:String})
    and ({window:String} = '' or window = {window:String})
order by window desc, used_s / greatest(counted_s, 1e-9) desc, venue, instrument, channel
limit {limit:UInt32}
