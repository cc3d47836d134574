-- What did the bars look like at a moment in the past, before later corrections?
--
-- A bar may be corrected by rows that came late; every revision is kept with the time it became known. Research on the
-- newest revision uses corrections that nobody had. Here the moment is the median of the bars' own
-- receive times.
with (select quantileExactLow(0.5)(receive_time) from bars final where timeframe = '1s') as moment
select
    venue, instrument, timeframe, open_time,
    argMax(close, revision) as close_known_then,
    max(revision) as revision_known_then,
    moment as known_at
from bars final
where receive_time <= moment and timeframe = '1s'
group by venue, instrument, timeframe, open_time
order by open_time desc, venue, instrument
limit 100
