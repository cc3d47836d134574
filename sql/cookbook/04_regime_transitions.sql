-- From which regime to which, and how often? The transition matrix per bar.
--
-- A row is a regime, a column the share of its bars that were followed by each other one; rows add up to 1. The pair of
-- a bar and the one before is made with a window function over time, not by a self-join.
with pairs as (
    select
        venue, instrument, timeframe, regime,
        lagInFrame(regime) over (
            partition by venue, instrument, timeframe order by time rows between 1 preceding and current row
        ) as previous
    from regimes final
    where regime != 'unknown'
)
select
    timeframe,
    previous,
    regime,
    count() as bars,
    bars / sum(bars) over (partition by timeframe, previous) as share
from pairs
where previous != ''
group by timeframe, previous, regime
order by timeframe, previous, share desc
