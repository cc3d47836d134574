-- Every order that was submitted came before the risk gate first, since that is written down.
select account, client_order_id
from orders
where state = 'submitted'
    and receive_time >= (select min(receive_time) from intents)
    and (account, client_order_id) not in (select account, client_order_id from intents where refused = '')
limit 100
