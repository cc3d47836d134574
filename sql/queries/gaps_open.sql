-- Gaps that no snapshot has healed yet: the newest word on each channel of each instrument is `open`.
-- A duplicate says nothing about the gap before it, so it does not count as a word.
-- Parameters: limit (rows).
select
    venue, instrument, channel, argMax(cause, (receive_time, `offset`, frame)) as cause, max(receive_time) as since
from gaps
where gaps.cause != 'duplicate'
group by venue, instrument, channel
having argMax(state, (receive_time, `offset`, frame)) = 'open'
order by since
limit {limit:UInt32}
