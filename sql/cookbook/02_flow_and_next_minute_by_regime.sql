-- Does order flow tell the next minute's return, and in which regime?
--
-- The predictor is the order flow imbalance of a whole second, the regime the one held when that second was over: both
-- known then. The label is the return of the minute after it. It lies in the future on purpose, is never joined the
-- other way round, and a second whose minute is not over yet has none.
with
    -- The mid of every second, and of the second a minute later. ASOF with <= looks forward: for a label only.
    seconds as (
        select venue, instrument, time + 1 as known_at, ofi, mid_close
        from features_1s final
    ),
    labelled as (
        select
            now.venue as venue, now.instrument as instrument, now.known_at as known_at, now.ofi as ofi,
            1e4 * log(later.mid_close / now.mid_close) as return_bps
        from seconds as now
        asof inner join seconds as later
            on now.venue = later.venue and now.instrument = later.instrument and now.known_at + 60 <= later.known_at
        where later.known_at < now.known_at + 70  -- a hole in the data gives no label
    )
select
    regimes.regime as regime,
    count() as seconds,
    corr(ofi, return_bps) as correlation,
    avgIf(return_bps, ofi > 0) as after_buying_bps,
    avgIf(return_bps, ofi < 0) as after_selling_bps,
    stddevSamp(return_bps) / sqrt(count()) as error_bps  -- too small: minutes that overlap are not independent
from labelled
asof inner join (select * from regimes final where timeframe = 'ultra_short') as regimes
    on labelled.venue = regimes.venue
    and labelled.instrument = regimes.instrument
    and labelled.known_at >= regimes.receive_time
group by regime
order by seconds desc
