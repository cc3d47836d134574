-- The newest forecast of every instrument, timeframe and horizon.
create or replace view latest_regime_forecasts as
select *
from regime_forecasts
order by time desc, receive_time desc, `offset` desc, frame desc
limit 1 by venue, instrument, timeframe, horizon_bars
