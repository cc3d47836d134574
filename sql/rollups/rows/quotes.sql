-- Buckets of one second from the rows of `quotes`. Rows of one key may lie in the table more than once until they are
-- merged: final counts them once. A venue without stamps of its own has no delay.
with
    (quotes.receive_time, `offset`, frame) as place,
    (quotes.bid_price + quotes.ask_price) / 2 as mid,
    1e4 * (quotes.ask_price - quotes.bid_price) / mid as spread,
    (quotes.bid_size - quotes.ask_size) / (quotes.bid_size + quotes.ask_size) as leaning,
    (toUnixTimestamp64Nano(quotes.receive_time) - toUnixTimestamp64Nano(exchange_time)) / 1e6 as delay
select
    venue,
    instrument,
    source,
    toDateTime(quotes.receive_time, 'UTC') as time,
    count() as updates,
    countIf(valid) as valid_updates,
    if(valid_updates > 0, argMaxIf(quotes.bid_price, place, valid), nan) as bid_price,
    if(valid_updates > 0, argMaxIf(quotes.bid_size, place, valid), nan) as bid_size,
    if(valid_updates > 0, argMaxIf(quotes.ask_price, place, valid), nan) as ask_price,
    if(valid_updates > 0, argMaxIf(quotes.ask_size, place, valid), nan) as ask_size,
    if(valid_updates > 0, argMinIf(mid, place, valid), nan) as mid_open,
    if(valid_updates > 0, maxIf(mid, valid), nan) as mid_high,
    if(valid_updates > 0, minIf(mid, valid), nan) as mid_low,
    if(valid_updates > 0, argMaxIf(mid, place, valid), nan) as mid_close,
    avgIf(spread, valid) as spread_bps,
    if(valid_updates > 0, maxIf(spread, valid), nan) as spread_bps_max,
    avgIf(leaning, valid and not isNaN(leaning)) as imbalance,
    ifNull(avg(delay), nan) as delay_ms,
    ifNull(max(delay), nan) as delay_ms_max,
    max(quotes.receive_time) as receive_time
from quotes final
where venue = {venue:String} and quotes.receive_time >= {from:DateTime64(9, 'UTC')} and quotes.receive_time < {to:DateTime64(9, 'UTC')}
group by venue, instrument, source, time
