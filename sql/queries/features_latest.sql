-- The newest features of every instrument, among those received in the last `window_s` seconds of recorded time.
-- Parameters: instrument ('' = all), window_s, limit (rows).
with (select max(receive_time) from features) as newest
select
    venue, instrument, exchange_time, receive_time, sequence, mid_price, micro_price, weighted_mid, spread,
    spread_bps, imbalance, imbalance_10, ofi_10, ofi_25, ofi_50, ofi_integrated_10, ofi_integrated_25, ofi_integrated_50,
    signed_volume_10, signed_volume_25, signed_volume_50, trade_imbalance_50, vpin, hawkes_buy, hawkes_sell,
    effective_spread_bps, realised_spread_bps, bid_depth_10bps, ask_depth_10bps, resiliency_s, cancel_ratio,
    realised_volatility, bipower_volatility, jump_statistic, kyle_lambda, kyle_lambda_error
from features
where receive_time >= newest - toIntervalSecond({window_s:UInt32})
    and ({instrument:String} = '' or instrument = {instrument:String})
order by receive_time desc, sequence desc
limit 1 by venue, instrument
limit {limit:UInt32}
