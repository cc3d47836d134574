-- From making an order to its acknowledgement and to its fills, in data time: median and slowest, over time.
with
    made as (
        select account, client_order_id, min(time) as sent
        from orders final
        where $__conditionalAll(account in (${account:singlequote}), $account)
            and state = 'submitted' and receive_time > $__fromTime_ms - interval 1 day and receive_time <= $__toTime_ms
        group by account, client_order_id
    ),
    heard as (
        select account, client_order_id, min(receive_time) as received, min(time) as heard_at
        from orders final
        where $__conditionalAll(account in (${account:singlequote}), $account)
            and state not in ('submitted', 'unknown') and $__timeFilter_ms(receive_time)
        group by account, client_order_id
    ),
    waits as (
        select received as receive_time, dateDiff('millisecond', sent, heard_at) as acknowledged, null as filled
        from heard inner join made on made.account = heard.account and made.client_order_id = heard.client_order_id
        union all
        select fills.receive_time, null, dateDiff('millisecond', sent, fills.time)
        from (
            select *
            from fills final
            where $__conditionalAll(account in (${account:singlequote}), $account)
                and $__timeFilter_ms(receive_time)
        ) as fills
        inner join made on made.account = fills.account and made.client_order_id = fills.client_order_id
    )
select
    $__timeInterval_ms(receive_time) as at, quantile(0.5)(acknowledged) as median_acknowledged_ms, max(acknowledged) as slowest_acknowledged_ms,
    quantile(0.5)(filled) as median_filled_ms, max(filled) as slowest_filled_ms
from waits
group by at
order by at
