-- The target of an instrument that stood after a row of the trading journal: the newest up to it.
-- Parameters: venue, instrument, offset (of the trading journal).
select *
from targets
where venue = {venue:String} and instrument = {instrument:String} and `offset` <= {offset:Int64}
order by `offset` desc, time desc
limit 1
