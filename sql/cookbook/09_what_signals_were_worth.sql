-- What did the market do after a signal, at several horizons?
--
-- Direction times the later return of the mid, in basis points, before costs. The entry is the mid at the
-- end of the second in which the signal became known: never a price before it. Compare with the spread before believing
-- it, and mind that signals of neighbouring seconds share most of their future.
with seconds as (
    select venue, instrument, time + 1 as known_at, mid_close
    from quotes_1s final
    where source = 'book' and valid_updates > 0
)
select
    timeframe,
    horizon_s,
    count() as signals,
    avg(1e4 * sign(direction) * log(later.mid_close / entry.mid_close)) as mean_bps,
    stddevSamp(1e4 * log(later.mid_close / entry.mid_close)) / sqrt(count()) as error_bps
from (
    select *, arrayJoin([1, 5, 15, 60]) as horizon_s, toDateTime(receive_time, 'UTC') as signalled_at
    from signals final
    where direction != 0
) as signals
asof inner join seconds as entry
    on signals.venue = entry.venue and signals.instrument = entry.instrument and signals.signalled_at < entry.known_at
asof inner join seconds as later
    on signals.venue = later.venue and signals.instrument = later.instrument
    and signals.signalled_at + signals.horizon_s < later.known_at
group by timeframe, horizon_s
order by timeframe, horizon_s
