-- How long do states last? From the changes alone: a row for every time a held state was left.
--
-- `held_bars` is known when the state ends, so these are finished spells only; the one under way is longer than it looks
-- and would bias the mean if it were counted as finished.
select
    timeframe,
    view,
    previous as state,
    count() as spells,
    avg(held_bars) as mean_bars,
    quantile(0.5)(held_bars) as median_bars,
    max(held_bars) as longest_bars
from regime_changes final
group by timeframe, view, state
order by timeframe, view, spells desc
