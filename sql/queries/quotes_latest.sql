-- The newest quote of every instrument and source, among those received in the last `window_s` seconds of recorded time.
-- The window keeps the cost the same however large the table grows.
-- Parameters: instrument ('' = all), window_s, limit (rows).
with (select max(receive_time) from quotes) as newest
select venue, instrument, source, exchange_time, receive_time, sequence, bid_price, bid_size, ask_price, ask_size, valid
from quotes
where receive_time >= newest - toIntervalSecond({window_s:UInt32})
    and ({instrument:String} = '' or instrument = {instrument:String})
order by receive_time desc, sequence desc
limit 1 by venue, instrument, source
limit {limit:UInt32}
