-- At which row of the trading journal the target of an instrument moved again; 0: it has not since.
-- Parameters: venue, instrument, offset (of the trading journal).
select min(`offset`) as moved_again
from targets
where venue = {venue:String} and instrument = {instrument:String} and `offset` > {offset:Int64}
