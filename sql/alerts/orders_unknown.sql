-- For how long the oldest order of each account has been UNKNOWN, seconds; the line `any` is always there.
select toString(account) as account, toFloat64(max(dateDiff('millisecond', since, $__toTime_ms)) / 1000) as waited_s
from (
    select account, client_order_id, max(receive_time) as since
    from orders final
    where receive_time > $__toTime_ms - interval 7 day and receive_time <= $__toTime_ms
    group by account, client_order_id
    having argMax(state, (receive_time, `offset`, `row`)) = 'unknown'
)
group by account
union all
select 'any' as account, toFloat64(0) as waited_s
