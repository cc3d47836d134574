-- What happens to spread and order flow around a change of regime? An event study, second by second.
--
-- Second 0 is the one in which the change became known. What lies after it is the answer, not something a strategy could
-- have used at second 0.
with
    changes as (
        select venue, instrument, view, regime, toDateTime(receive_time, 'UTC') as changed_at
        from regime_changes final
        where timeframe = 'ultra_short'
    )
select
    view,
    dateDiff('second', changed_at, features_1s.time) as second,
    count() as observed,
    avgIf(spread_bps, isFinite(spread_bps)) as spread_bps,
    avg(abs(ofi)) as absolute_ofi,
    avg(features_1s.updates) as book_updates
from changes
inner join features_1s final on changes.venue = features_1s.venue and changes.instrument = features_1s.instrument
where features_1s.time between changed_at - 30 and changed_at + 30
group by view, second
order by view, second
