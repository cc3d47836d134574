-- Of all orders that were to be sent, how many the gate refused, and when the last was.
select
    (select count() from risk_events final where event = 'refused' and $__timeFilter_ms(receive_time) and $__conditionalAll(account in (${account:singlequote}), $account)) as refused,
    (select uniqExact(client_order_id) from orders final where $__timeFilter_ms(receive_time) and $__conditionalAll(account in (${account:singlequote}), $account)) as orders_made,
    if(refused + orders_made > 0, refused / (refused + orders_made), null) as share_refused
