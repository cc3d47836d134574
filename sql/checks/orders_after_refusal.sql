-- An order that the risk gate refused never reached a venue.
select account, client_order_id, state
from orders
where state in ('submitted', 'accepted', 'partially_filled', 'filled')
    and (account, client_order_id) in (
        select account, client_order_id from risk_events where event = 'refused' and client_order_id != ''
    )
limit 100
