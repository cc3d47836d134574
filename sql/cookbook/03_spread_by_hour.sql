-- When is it cheap to trade? Spread and depth by hour of the day, UTC.
--
-- From the minutes of the roll-up: a year of one instrument is half a million rows instead of a billion. A mean of
-- means weighs each minute by its updates; `avgIf` without weights would answer another question: the spread of a
-- minute taken at random. The quantile is of minutes.
select
    venue,
    instrument,
    toHour(time) as hour,
    sumIf(spread_bps * updates, isFinite(spread_bps)) / sumIf(updates, isFinite(spread_bps)) as mean_spread_bps,
    quantileIf(0.95)(spread_bps, isFinite(spread_bps)) as wide_minute_bps,
    avgIf(bid_depth_10bps + ask_depth_10bps, isFinite(bid_depth_10bps + ask_depth_10bps)) as depth_10bps,
    sum(updates) as book_updates
from features_1m final
where time >= (select max(time) from features_1m) - interval 30 day
group by venue, instrument, hour
order by venue, instrument, hour
