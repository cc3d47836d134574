-- Every state that an order entered, with what the gate measured of it.
-- A row that is there twice counts once by `limit 1 by`: `final` would read 20 times as much.
-- Parameters: account, venue, instrument, client_order_id, receive_time (of its intent), limit (rows).
select *
from orders
where account = {account:String} and venue = {venue:String} and instrument = {instrument:String}
    and receive_time >= {receive_time:DateTime64(9, 'UTC')} and client_order_id = {client_order_id:String}
order by receive_time, `offset`, `row`
limit 1 by receive_time, `offset`, `row`
limit {limit:UInt32}
