-- The regime that a signal rests on: of the same bar, derived from the same frame.
-- Parameters: venue, instrument, timeframe, time, shard, offset, frame.
select *
from regimes
where venue = {venue:String} and instrument = {instrument:String} and timeframe = {timeframe:String}
    and time = {time:DateTime64(9, 'UTC')} and shard = {shard:String} and `offset` = {offset:Int64} and frame = {frame:Int32}
limit 1
