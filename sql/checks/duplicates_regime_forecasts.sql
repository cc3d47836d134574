-- No row key of `regime_forecasts` occurs twice, not even for a while.
select venue, instrument, timeframe, horizon_bars, time, receive_time, shard, `offset`, frame, count() as copies
from regime_forecasts
group by venue, instrument, timeframe, horizon_bars, time, receive_time, shard, `offset`, frame
having copies > 1
limit 100
