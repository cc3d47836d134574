-- For what share of a session was the book valid, and what was the rest lost to?
--
-- `coverage` says how long a book was beyond doubt; `availability` says of every second what a subscription was, and by
-- which cause it was down. Closed hours count for neither.
with
    sessions as (
        select venue, instrument, session, argMax(share, time) as valid_share, argMax(elapsed_s, time) as elapsed_s
        from coverage final
        group by venue, instrument, session
    ),
    lost as (
        select
            venue, instrument,
            sumIf(seconds, state = 'up') as up_s,
            sumIf(seconds, state = 'down') as down_s,
            sumMapIf(map(toString(cause), seconds), state = 'down') as down_s_by_cause
        from availability final
        where channel = 'depth'
        group by venue, instrument
    )
select
    sessions.venue as venue,
    sessions.instrument as instrument,
    session,
    valid_share,
    elapsed_s,
    up_s,
    down_s,
    down_s_by_cause
from sessions
left join lost on sessions.venue = lost.venue and sessions.instrument = lost.instrument
order by venue, instrument, session desc
