-- Where was a feed silent? The longest stretches without a single quote.
--
-- Windows over the seconds that have rows: the difference to the second before is the silence. Not every silence is a
-- fault (a quiet instrument, a closed market); compare with `gaps` and `availability`, which know the cause.
select
    venue,
    instrument,
    source,
    time as silent_until,
    silent_s
from (
    select
        venue, instrument, source, time,
        dateDiff('second', lagInFrame(time, 1) over earlier, time) - 1 as silent_s,
        row_number() over earlier as place
    from quotes_1s final
    where time >= (select max(time) from quotes_1s) - interval 1 day
    window earlier as (
        partition by venue, instrument, source order by time rows between 1 preceding and current row
    )
)
where place > 1
order by silent_s desc, silent_until
limit 20
