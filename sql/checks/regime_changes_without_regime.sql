-- Where a state changed, the regime of that bar names the new one.
select venue, instrument, timeframe, time, view, regime
from regime_changes
where (venue, instrument, timeframe, time, regime) not in (
    select venue, instrument, timeframe, time, arrayJoin(splitByChar('/', regime)) from regimes
)
limit 100
