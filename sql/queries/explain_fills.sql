-- Fills of an instrument over a stretch of the trading journal.
-- Parameters: venue, instrument, first and last (rows of the trading journal), limit (rows).
select *
from fills final
where venue = {venue:String} and instrument = {instrument:String}
    and `offset` >= {first:Int64} and `offset` <= {last:Int64}
order by `offset`, fill_id
limit {limit:UInt32}
