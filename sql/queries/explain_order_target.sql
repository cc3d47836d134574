-- The target that an order serves.
-- Parameters: account, venue, instrument, target_offset (row of the trading journal that it came with).
select *
from targets
where account = {account:String} and venue = {venue:String} and instrument = {instrument:String}
    and `offset` = {target_offset:Int64}
order by receive_time desc, time desc
limit 1
