-- Seconds since the newest value at risk of every account that holds or wants something now; since the first row of the
-- last day where there is none. The line `any` is always there.
with
    stands as (
        select account, argMax(gross, (receive_time, `offset`)) as gross, min(receive_time) as first
        from accounts
        where receive_time > $__toTime_ms - interval 1 day and receive_time <= $__toTime_ms
        group by account
    ),
    measured as (
        select account, max(receive_time) as newest
        from risk
        where receive_time > $__toTime_ms - interval 1 day and receive_time <= $__toTime_ms and scenarios > 0
        group by account
    )
select toString(stands.account) as account,
    toFloat64(dateDiff('millisecond', greatest(measured.newest, stands.first), $__toTime_ms) / 1000) as unmeasured_s
from stands
left join measured on measured.account = stands.account
where stands.gross > 0
union all
select 'any' as account, toFloat64(0) as unmeasured_s
