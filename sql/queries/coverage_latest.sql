-- Share of every trading session in which the book of an instrument was valid, newest session first; the one under way
-- as of its last minute. Counted back from the newest row, so that a replay of old data answers too.
-- Parameters: instrument ('' = all), days (to look back), limit (rows).
with (select max(time) from coverage) as newest
select
    venue, instrument, session, session_start, session_end, time, receive_time, valid_s, recorded_s, elapsed_s, share,
    ended, detection
from coverage
where time > newest - toIntervalDay({days:UInt32})
    and ({instrument:String} = '' or instrument = {instrument:String})
order by time desc, venue, instrument
limit 1 by venue, instrument, session
limit {limit:UInt32}
