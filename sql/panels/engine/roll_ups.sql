-- Stretches of rows that roll-ups do not have yet; normally a handful, and none older than a few seconds.
select name as roll_up, venue, count() as stretches, min(noted_at) as oldest, dateDiff('millisecond', oldest, $__toTime_ms) / 1000 as age_s,
    sum(dateDiff('second', first_time, last_time) + 1) as seconds_of_rows
from touched final
where sign = 1
group by roll_up, venue
order by age_s desc
limit 100
