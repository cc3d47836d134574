-- The signal of every instrument and timeframe at its newest bar.
create or replace view latest_signals as
select *
from signals
order by time desc, receive_time desc, `offset` desc, frame desc
limit 1 by venue, instrument, timeframe
