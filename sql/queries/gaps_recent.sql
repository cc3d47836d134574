-- What was missing or doubled in the feeds, newest first.
-- Parameters: instrument and state ('' = all), limit (rows).
select
    venue, instrument, receive_time, channel, cause, state, start_time, expected_sequence, received_sequence
from gaps
where ({instrument:String} = '' or instrument = {instrument:String})
    and ({state:String} = '' or state = {state:String})
order by receive_time desc
limit {limit:UInt32}
