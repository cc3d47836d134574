-- Every bar as last corrected.
create or replace view latest_bars as
select *
from bars
order by revision desc
limit 1 by venue, instrument, timeframe, open_time
