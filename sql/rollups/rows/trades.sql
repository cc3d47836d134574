-- Buckets of one second from the rows of `trades`. Rows of one key may lie in the table more than once until they are
-- merged: final counts them once. A venue without stamps of its own has no delay.
with
    (trades.receive_time, `offset`, frame) as place,
    not off_book as matched,
    (toUnixTimestamp64Nano(trades.receive_time) - toUnixTimestamp64Nano(exchange_time)) / 1e6 as delay
select
    venue,
    instrument,
    kind,
    toDateTime(trades.receive_time, 'UTC') as time,
    count() as rows,
    countIf(matched) as trades,
    countIf(matched and side > 0) as buy_trades,
    countIf(matched and side < 0) as sell_trades,
    sumIf(size, matched) as volume,
    sumIf(size, matched and side > 0) as buy_volume,
    sumIf(size, matched and side < 0) as sell_volume,
    sumIf(price * size, matched) as price_volume,
    if(trades > 0, argMinIf(price, place, matched), nan) as open,
    if(trades > 0, maxIf(price, matched), nan) as high,
    if(trades > 0, minIf(price, matched), nan) as low,
    if(trades > 0, argMaxIf(price, place, matched), nan) as close,
    price_volume / volume as vwap,
    if(trades > 0, maxIf(size, matched), nan) as largest_size,
    countIf(off_book) as off_book_trades,
    sumIf(size, off_book) as off_book_volume,
    ifNull(avg(delay), nan) as delay_ms,
    ifNull(max(delay), nan) as delay_ms_max,
    max(trades.receive_time) as receive_time
from trades final
where venue = {venue:String} and trades.receive_time >= {from:DateTime64(9, 'UTC')} and trades.receive_time < {to:DateTime64(9, 'UTC')}
group by venue, instrument, kind, time
