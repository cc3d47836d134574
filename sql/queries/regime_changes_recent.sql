-- Changes of held states, newest first. Counted back from the newest row, so that a replay of old data answers too.
-- Parameters: instrument, timeframe and view ('' = all), days (to look back), limit (rows).
with (select max(receive_time) from regime_changes) as newest
select
    venue, instrument, timeframe, time, receive_time, view, previous, regime, probability, held_bars, evidence
from regime_changes
where receive_time > newest - toIntervalDay({days:UInt32})
    and ({instrument:String} = '' or instrument = {instrument:String})
    and ({timeframe:String} = '' or timeframe = {timeframe:String})
    and ({view:String} = '' or view = {view:String})
order by time desc, receive_time desc, venue, instrument, timeframe, view
limit {limit:UInt32}
