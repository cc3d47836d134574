-- Did it pay to follow? Return of the next bar in the direction asked for, mean and t, before any cost, by timeframe and
-- instrument: each signal is paired with the close of its bar and of the next one (one-second or one-minute bars; other
-- timeframes are judged on one-minute bars). A t within ±2 is what luck looks like.
with judged as (
    select
        signals.instrument as instrument, timeframe, direction,
        log(next.mid_close / bar.mid_close) * 10000 as next_bps
    from (
        select venue, instrument, timeframe, time, direction, if(timeframe = 'ultra_short', '1s', '1m') as bars_of
        from signals final
        where $__conditionalAll(venue in (${venue:singlequote}), $venue)
            and $__conditionalAll(instrument in (${instrument:singlequote}), $instrument)
            and $__conditionalAll(timeframe in (${timeframe:singlequote}), $timeframe)
            and $__timeFilter_ms(time) and direction != 0
    ) as signals
    inner join (
        select venue, instrument, timeframe as bars_of, close_time, mid_close
        from bars final
        where $__conditionalAll(venue in (${venue:singlequote}), $venue)
            and $__conditionalAll(instrument in (${instrument:singlequote}), $instrument)
            and timeframe in ('1s', '1m') and $__timeFilter_ms(close_time)
    ) as bar on bar.venue = signals.venue and bar.instrument = signals.instrument and bar.bars_of = signals.bars_of
        and bar.close_time = signals.time
    inner join (
        select venue, instrument, timeframe as bars_of, open_time, mid_close
        from bars final
        where $__conditionalAll(venue in (${venue:singlequote}), $venue)
            and $__conditionalAll(instrument in (${instrument:singlequote}), $instrument)
            and timeframe in ('1s', '1m') and $__timeFilter_ms(open_time)
    ) as next on next.venue = signals.venue and next.instrument = signals.instrument and next.bars_of = signals.bars_of
        and next.open_time = signals.time
)
select
    instrument, timeframe, count() as signals, countIf(direction * next_bps > 0) / count() as right_share,
    sum(direction * next_bps) / sum(abs(direction)) as mean_bps,
    if(count() > 2 and stddevSamp(direction * next_bps) > 0, avg(direction * next_bps) / stddevSamp(direction * next_bps) * sqrt(count()), null) as t
from judged
where isFinite(next_bps)
group by instrument, timeframe
order by instrument, timeframe
