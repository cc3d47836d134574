-- Every fill belongs to an order that passed the risk gate.
select account, venue, instrument, fill_id, client_order_id
from fills
where (account, client_order_id) not in (select account, client_order_id from orders)
limit 100
