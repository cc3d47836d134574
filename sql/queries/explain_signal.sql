-- One signal, as it was first known. Empty venue: of any.
-- Parameters: venue ('' = any), instrument, timeframe, time.
select *
from signals
where instrument = {instrument:String} and timeframe = {timeframe:String} and time = {time:DateTime64(9, 'UTC')}
    and ({venue:String} = '' or venue = {venue:String})
order by receive_time, venue, shard, `offset`, frame
limit 1
