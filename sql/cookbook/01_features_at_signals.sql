-- What did the book look like when a signal was made?
--
-- ASOF JOIN takes for every signal the newest row of features that was received at or before it: a row that came later
-- was not known, and must not explain it. Compare receive times, not exchange times: those are when something happened
-- somewhere else. `age_ms` says how old the features were.
select
    signals.receive_time as known_at,
    signals.venue as venue,
    signals.instrument as instrument,
    signals.timeframe as timeframe,
    signals.regime as regime,
    signals.direction as direction,
    features.mid_price as mid_price,
    features.spread_bps as spread_bps,
    features.ofi_50 as ofi_50,
    features.imbalance_10 as imbalance_10,
    dateDiff('millisecond', features.receive_time, signals.receive_time) as age_ms
from signals final
asof inner join features final
    on signals.venue = features.venue
    and signals.instrument = features.instrument
    and signals.receive_time >= features.receive_time
order by known_at desc, instrument, timeframe
limit 1000
