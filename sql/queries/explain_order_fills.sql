-- Fills of an order.
-- Parameters: account, venue, instrument, client_order_id, receive_time (of its intent), limit (rows).
select *
from fills
where account = {account:String} and venue = {venue:String} and instrument = {instrument:String}
    and receive_time >= {receive_time:DateTime64(9, 'UTC')} and client_order_id = {client_order_id:String}
order by receive_time, `offset`, fill_id
limit 1 by receive_time, `offset`, fill_id
limit {limit:UInt32}
