-- The newest state of every order.
create or replace view current_orders as
select *
from orders
order by receive_time desc, `offset` desc, `row` desc
limit 1 by account, client_order_id
