-- Every state that orders of an instrument entered over a stretch of the trading journal.
-- Parameters: venue, instrument, first and last (rows of the trading journal), limit (rows).
select *
from orders final
where venue = {venue:String} and instrument = {instrument:String}
    and `offset` >= {first:Int64} and `offset` <= {last:Int64}
order by `offset`, `row`
limit {limit:UInt32}
