-- Mid prices of the last two minutes at the close of each one-second bar, oldest first: the lines on the console page.
-- Parameters: limit (rows).
with
    (select max(open_time) from bars where timeframe = '1s') as newest,
    closes as (
        select venue, instrument, open_time, argMax(mid_close, revision) as mid_close
        from bars
        where timeframe = '1s' and open_time > newest - interval 120 second
        group by venue, instrument, open_time
    )
select venue, instrument, arrayMap(x -> x.2, arraySort(groupArray((open_time, mid_close)))) as mid_prices
from closes
group by venue, instrument
order by venue, instrument
limit {limit:UInt32}
