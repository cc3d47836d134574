-- At which prices was it traded? The volume profile of the newest day, and each level's share of aggressive buying.
--
-- Levels are a ten-thousandth of the day's vwap wide, so that instruments of any price give pictures of one kind.
with
    (select toStartOfDay(max(receive_time)) from trades) as day,
    means as (
        select venue, instrument, sum(price_volume) / sum(volume) as vwap
        from trades_1h final
        where time >= day
        group by venue, instrument
    )
select
    trades.venue as venue,
    trades.instrument as instrument,
    round(floor(1e4 * (price / vwap - 1))) as level_bps,
    min(price) as from_price,
    sum(size) as volume,
    sumIf(size, side > 0) / volume as buying
from trades final
inner join means on trades.venue = means.venue and trades.instrument = means.instrument
where receive_time >= day and not off_book
group by venue, instrument, level_bps
order by venue, instrument, level_bps
