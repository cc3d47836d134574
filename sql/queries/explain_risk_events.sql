-- What the risk gate refused or changed, of an instrument or of the whole account, over a stretch of the trading journal.
-- Parameters: venue, instrument, first and last (rows of the trading journal), limit (rows).
select *
from risk_events final
where venue in ({venue:String}, '') and instrument in ({instrument:String}, '')
    and `offset` >= {first:Int64} and `offset` <= {last:Int64}
order by `offset`, `row`
limit {limit:UInt32}
