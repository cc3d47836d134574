-- A change leads from one state of a view to another of the same view.
with
    map(
        'volatility', ['calm', 'normal', 'stressed'],
        'direction', ['bear', 'neutral', 'bull'],
        'dynamics', ['reverting', 'random', 'trending']
    ) as states
select venue, instrument, timeframe, time, view, previous, regime
from regime_changes
where not (has(states[view], previous) and has(states[view], regime) and previous != regime)
limit 100
