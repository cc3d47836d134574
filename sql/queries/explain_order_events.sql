-- What the gate, reconciliation or silence said of an order.
-- Parameters: account, venue, client_order_id, receive_time (of its intent), limit (rows).
select *
from risk_events
where account = {account:String} and venue in ({venue:String}, '') and receive_time >= {receive_time:DateTime64(9, 'UTC')}
    and client_order_id = {client_order_id:String}
order by receive_time, `offset`, `row`
limit 1 by receive_time, `offset`, `row`
limit {limit:UInt32}
