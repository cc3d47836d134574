-- Hours of the newest day whose roll-ups count other rows than `trades` has, but for those that wait in the ledger.
with
    (select toStartOfHour(max(receive_time) - interval 1 day) from trades) as since,
    counted as (
        select venue, instrument, kind, toStartOfHour(receive_time) as hour, count() as here, 0 as in_seconds, 0 as in_hours
        from trades final
        where receive_time >= since
        group by venue, instrument, kind, hour
        union all
        select venue, instrument, kind, toStartOfHour(time) as hour, 0, sum(rows), 0
        from trades_1s final
        where time >= since
        group by venue, instrument, kind, hour
        union all
        select venue, instrument, kind, time as hour, 0, 0, rows
        from trades_1h final
        where time >= since
    ),
    waiting as (
        select venue, toDateTime(arrayJoin(range(toUInt32(toStartOfHour(first_time)), toUInt32(last_time) + 1, 3600)), 'UTC') as hour
        from touched final
        where sign = 1 and name = 'trades'
    )
select venue, instrument, kind, hour, sum(counted.here) as here, sum(counted.in_seconds) as in_seconds, sum(counted.in_hours) as in_hours
from counted
where (venue, hour) not in (select venue, hour from waiting)
group by venue, instrument, kind, hour
having here > 0 and (here != in_seconds or here != in_hours)
