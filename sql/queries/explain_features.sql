-- The features of an instrument as they were known at a row of its shard's journal, not older than ten minutes.
-- Parameters: venue, instrument, receive_time, shard, offset, frame.
select *
from features
where venue = {venue:String} and instrument = {instrument:String} and shard = {shard:String}
    and receive_time <= {receive_time:DateTime64(9, 'UTC')}
    and receive_time >= {receive_time:DateTime64(9, 'UTC')} - interval 10 minute
    and (`offset`, frame) <= ({offset:Int64}, {frame:Int32})
order by receive_time desc, `offset` desc, frame desc
limit 1
