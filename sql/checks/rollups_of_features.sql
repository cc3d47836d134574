-- Hours of the newest day whose roll-ups count other rows than `features` has, but for those that wait in the ledger.
with
    (select toStartOfHour(max(receive_time) - interval 1 day) from features) as since,
    counted as (
        select venue, instrument, toStartOfHour(receive_time) as hour, count() as here, 0 as in_seconds, 0 as in_hours
        from features final
        where receive_time >= since
        group by venue, instrument, hour
        union all
        select venue, instrument, toStartOfHour(time) as hour, 0, sum(updates), 0
        from features_1s final
        where time >= since
        group by venue, instrument, hour
        union all
        select venue, instrument, time as hour, 0, 0, updates
        from features_1h final
        where time >= since
    ),
    waiting as (
        select venue, toDateTime(arrayJoin(range(toUInt32(toStartOfHour(first_time)), toUInt32(last_time) + 1, 3600)), 'UTC') as hour
        from touched final
        where sign = 1 and name = 'features'
    )
select venue, instrument, hour, sum(counted.here) as here, sum(counted.in_seconds) as in_seconds, sum(counted.in_hours) as in_hours
from counted
where (venue, hour) not in (select venue, hour from waiting)
group by venue, instrument, hour
having here > 0 and (here != in_seconds or here != in_hours)
