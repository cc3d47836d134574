-- The newest bars of every instrument on one timeframe, newest first; the last revision of each.
-- Parameters: instrument ('' = all), timeframe, bars (per instrument), interval_s (of the timeframe), limit (rows).
with (select max(open_time) from bars where timeframe = {timeframe:String}) as newest
select
    venue, instrument, timeframe, open_time, close_time, receive_time, open, high, low, close, volume, buy_volume,
    sell_volume, notional, trades, mid_open, mid_close, ofi, updates, revision
from bars
where timeframe = {timeframe:String}
    and open_time > newest - toIntervalSecond({bars:UInt32} * {interval_s:UInt32})
    and ({instrument:String} = '' or instrument = {instrument:String})
order by open_time desc, revision desc
limit 1 by venue, instrument, open_time
limit {limit:UInt32}
