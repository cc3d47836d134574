-- How the latest returns of every instrument and timeframe depend on their past, at its newest bar.
create or replace view latest_bar_dependence as
select *
from bar_dependence
order by close_time desc
limit 1 by venue, instrument, timeframe
