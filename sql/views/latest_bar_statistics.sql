-- The statistics of every instrument and timeframe at its newest bar.
create or replace view latest_bar_statistics as
select *
from bar_statistics
order by close_time desc
limit 1 by venue, instrument, timeframe
