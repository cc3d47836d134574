-- The newest features of every instrument, among those received in the last `window_s` seconds of recorded time.
-- Parameters: instrument ('' = all), window_s, limit (rows).
with (select max(receive_time) from features) as newest
select
    venue, instrument, exchange_time, receive_time, sequence, mid_price, weighted_mid, spread, spread_bps, imbalance,
    ofi_10, ofi_25, ofi_50, signed_volume_10, signed_volume_25, signed_volume_50, realised_volatility
from features
where receive_time >= newest - toIntervalSecond({window_s:UInt32})
    and ({instrument:String} = '' or instrument = {instrument:String})
order by receive_time desc, sequence desc
limit 1 by venue, instrument
limit {limit:UInt32}
