-- The last change of every view of every instrument and timeframe: since when its state is held.
create or replace view latest_regime_changes as
select *
from regime_changes
order by time desc, receive_time desc, `offset` desc, frame desc
limit 1 by venue, instrument, timeframe, view
