-- Did it pay to follow? Return of the next bar in the direction asked for, mean and t, before any cost, by timeframe and
-- instrument: each signal is paired with the close of its bar and of the next one (one-second or one-minute bars; other
-- timeframes are judged on one-minute bars), as last corrected. Bars are found by when they open, as they are stored by it.
-- A t within ±2 is what luck looks like.
with
    closes as (
        select venue, instrument, timeframe as bars_of, open_time, close_time, argMax(mid_close, revision) as mid
        from bars
        where $__conditionalAll(venue in (${venue:singlequote}), $venue)
            and $__conditionalAll(instrument in (${instrument:singlequote}), $instrument)
            and (timeframe = '1m' or timeframe = '1s' and $__conditionalAll('ultra_short' in (${timeframe:singlequote}), $timeframe))
            and open_time >= $__fromTime_ms - interval 1 minute and open_time <= $__toTime_ms
        group by venue, instrument, bars_of, open_time, close_time
    ),
    judged as (
        select
            asked.instrument as instrument, timeframe, direction,
            log(next.mid / bar.mid) * 10000 as next_bps
        from (
            select venue, instrument, timeframe, time, direction, if(timeframe = 'ultra_short', '1s', '1m') as bars_of
            from signals final
            where $__conditionalAll(venue in (${venue:singlequote}), $venue)
                and $__conditionalAll(instrument in (${instrument:singlequote}), $instrument)
                and $__conditionalAll(timeframe in (${timeframe:singlequote}), $timeframe)
                and $__timeFilter_ms(time) and direction != 0
        ) as asked
        inner join closes as bar on bar.venue = asked.venue and bar.instrument = asked.instrument
            and bar.bars_of = asked.bars_of and bar.close_time = asked.time
        inner join closes as next on next.venue = asked.venue and next.instrument = asked.instrument
            and next.bars_of = asked.bars_of and next.open_time = asked.time
    )
select
    instrument, timeframe, count() as signals, countIf(direction * next_bps > 0) / count() as right_share,
    sum(direction * next_bps) / sum(abs(direction)) as mean_bps,
    if(count() > 2 and stddevSamp(direction * next_bps) > 0, avg(direction * next_bps) / stddevSamp(direction * next_bps) * sqrt(count()), null) as t
from judged
where isFinite(next_bps)
group by instrument, timeframe
order by instrument, timeframe
