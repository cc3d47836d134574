-- Coarser buckets from finer ones. A mean is that of the finer means, each weighing as much as its bucket has rows.
-- Weights are floats because ClickHouse's avgWeighted adds up in the weight's type: of integers it makes whole means.
with
    finer.trades > 0 as matched,
    toFloat64(finer.rows) as weight
select
    venue,
    instrument,
    kind,
    toStartOfInterval(finer.time, toIntervalSecond({seconds:UInt32}), 'UTC') as time,
    sum(finer.rows) as rows,
    sum(finer.trades) as trades,
    sum(finer.buy_trades) as buy_trades,
    sum(finer.sell_trades) as sell_trades,
    sum(finer.volume) as volume,
    sum(finer.buy_volume) as buy_volume,
    sum(finer.sell_volume) as sell_volume,
    sum(finer.price_volume) as price_volume,
    if(trades > 0, argMinIf(finer.open, finer.time, matched), nan) as open,
    if(trades > 0, maxIf(finer.high, matched), nan) as high,
    if(trades > 0, minIf(finer.low, matched), nan) as low,
    if(trades > 0, argMaxIf(finer.close, finer.time, matched), nan) as close,
    price_volume / volume as vwap,
    if(trades > 0, maxIf(finer.largest_size, matched), nan) as largest_size,
    sum(finer.off_book_trades) as off_book_trades,
    sum(finer.off_book_volume) as off_book_volume,
    avgWeightedIf(finer.delay_ms, weight, not isNaN(finer.delay_ms)) as delay_ms,
    if(isNaN(delay_ms), nan, maxIf(finer.delay_ms_max, not isNaN(finer.delay_ms_max))) as delay_ms_max,
    max(finer.receive_time) as receive_time
from {finer:Identifier} as finer final
where venue = {venue:String} and finer.time >= {from:DateTime('UTC')} and finer.time < {to:DateTime('UTC')}
group by venue, instrument, kind, time
