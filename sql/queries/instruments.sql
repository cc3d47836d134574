-- Every instrument as it was last defined.
-- Parameters: instrument ('' = all), limit (rows).
select
    venue, instrument, tick_size, lot_size, contract_size, inverse, base, quote, kind, status, detection, stable_id,
    renamed_from, effective_time, receive_time
from instruments
where {instrument:String} = '' or instrument = {instrument:String}
order by receive_time desc
limit 1 by venue, instrument
limit {limit:UInt32}
