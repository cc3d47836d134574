-- The regime of every instrument and timeframe at its newest bar, in every view.
create or replace view latest_regimes as
select *
from regimes
order by time desc, receive_time desc, `offset` desc, frame desc
limit 1 by venue, instrument, timeframe
