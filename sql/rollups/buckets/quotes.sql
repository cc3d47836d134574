-- Coarser buckets from finer ones. A mean is that of the finer means, each weighing as much as its bucket has updates.
-- Weights are floats because ClickHouse's avgWeighted adds up in the weight's type: of integers it makes whole means.
with
    finer.valid_updates > 0 as valid,
    toFloat64(finer.updates) as weight,
    toFloat64(finer.valid_updates) as valid_weight
select
    venue,
    instrument,
    source,
    toStartOfInterval(finer.time, toIntervalSecond({seconds:UInt32}), 'UTC') as time,
    sum(finer.updates) as updates,
    sum(finer.valid_updates) as valid_updates,
    if(valid_updates > 0, argMaxIf(finer.bid_price, finer.time, valid), nan) as bid_price,
    if(valid_updates > 0, argMaxIf(finer.bid_size, finer.time, valid), nan) as bid_size,
    if(valid_updates > 0, argMaxIf(finer.ask_price, finer.time, valid), nan) as ask_price,
    if(valid_updates > 0, argMaxIf(finer.ask_size, finer.time, valid), nan) as ask_size,
    if(valid_updates > 0, argMinIf(finer.mid_open, finer.time, valid), nan) as mid_open,
    if(valid_updates > 0, maxIf(finer.mid_high, valid), nan) as mid_high,
    if(valid_updates > 0, minIf(finer.mid_low, valid), nan) as mid_low,
    if(valid_updates > 0, argMaxIf(finer.mid_close, finer.time, valid), nan) as mid_close,
    avgWeightedIf(finer.spread_bps, valid_weight, valid) as spread_bps,
    if(valid_updates > 0, maxIf(finer.spread_bps_max, valid), nan) as spread_bps_max,
    avgWeightedIf(finer.imbalance, valid_weight, not isNaN(finer.imbalance)) as imbalance,
    avgWeightedIf(finer.delay_ms, weight, not isNaN(finer.delay_ms)) as delay_ms,
    if(isNaN(delay_ms), nan, maxIf(finer.delay_ms_max, not isNaN(finer.delay_ms_max))) as delay_ms_max,
    max(finer.receive_time) as receive_time
from {finer:Identifier} as finer final
where venue = {venue:String} and finer.time >= {from:DateTime('UTC')} and finer.time < {to:DateTime('UTC')}
group by venue, instrument, source, time
