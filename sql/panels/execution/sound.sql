-- Whether all is accounted for: orders that nobody knows the fate of now, what the venue's word differed in over the range,
-- and what the ledger is out of balance by, which is always 0.
with
    stands as (
        select argMax(state, (receive_time, `offset`, `row`)) as state, max(receive_time) as since
        from orders final
        where $__conditionalAll(account in (${account:singlequote}), $account)
            and receive_time > $__toTime_ms - interval 7 day and receive_time <= $__toTime_ms
        group by account, client_order_id
    )
select
    countIf(state = 'unknown') as in_doubt,
    if(in_doubt > 0, dateDiff('millisecond', minIf(since, state = 'unknown'), $__toTime_ms) / 1000, null) as oldest_s,
    (
        select count() from risk_events final
        where $__conditionalAll(account in (${account:singlequote}), $account)
            and event not in ('refused', 'warning', 'reducing', 'halted', 'resumed', 'dropped', 'opened', 'link_up', 'link_down')
            and $__timeFilter_ms(receive_time)
    ) as differences,
    (
        select toFloat64(sum(amount)) from ledger final
        where $__conditionalAll(account in (${account:singlequote}), $account)
            and receive_time <= $__toTime_ms
    ) as ledger_difference
from stands
