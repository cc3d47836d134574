-- Which instrument moves first? Correlation of one's return with the other's return of the next second.
--
-- If A's last second goes with B's next one more than the other way round, A leads. Both are cut by receive time at one
-- place, so a difference of the ways to two venues looks like a lead: mind `delay_ms` of the roll-up of quotes.
with
    returns as (
        select
            venue, instrument, time,
            log(mid_close / any(mid_close) over before) as log_return,
            any(time) over before = time - 1 as next_second  -- a return over a hole would be one of many seconds
        from quotes_1s final
        where source = 'book' and valid_updates > 0
            and time >= (select max(time) from quotes_1s) - interval 1 hour
        window before as (
            partition by venue, instrument order by time rows between 1 preceding and 1 preceding
        )
    )
select
    first.instrument as leader,
    next.instrument as follower,
    count() as seconds,
    corr(first.log_return, next.log_return) as correlation
from (select *, time + 1 as next_time from returns where next_second) as first
inner join (select * from returns where next_second) as next on first.next_time = next.time
where (first.venue, first.instrument) != (next.venue, next.instrument)
group by leader, follower
order by correlation desc
