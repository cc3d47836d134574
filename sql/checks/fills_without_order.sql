-- Every fill belongs to an order that passed the risk gate, or is told to be of somebody else.
select account, venue, instrument, fill_id, client_order_id
from fills
where (account, client_order_id) not in (select account, client_order_id from orders)
    and (account, fill_id) not in (select account, reason from risk_events where event = 'foreign_fill')
limit 100
