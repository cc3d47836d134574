-- How often was data lost, by which cause, and how long until it was whole again?
--
-- Every gap is opened by one row and healed by another. A gap that is still open has no end: it is counted, and left out
-- of the times.
with paired as (
    select
        venue, instrument, channel, cause, state, receive_time,
        leadInFrame(state) over following as next_state,
        leadInFrame(receive_time) over following as next_time
    from gaps final
    window following as (
        partition by venue, instrument, channel, cause order by receive_time, `offset`, frame
        rows between current row and 1 following
    )
)
select
    venue,
    instrument,
    channel,
    cause,
    count() as gaps,
    countIf(next_state != 'healed') as open,
    avgIf(dateDiff('millisecond', receive_time, next_time) / 1000, next_state = 'healed') as mean_s,
    maxIf(dateDiff('millisecond', receive_time, next_time) / 1000, next_state = 'healed') as longest_s
from paired
where state = 'open'
group by venue, instrument, channel, cause
order by gaps desc
