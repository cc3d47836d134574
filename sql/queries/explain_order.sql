-- What an order was made for and against, as it came before the risk gate: the newest row of its id.
-- Parameters: account ('' = any), client_order_id.
select *
from intents
where ({account:String} = '' or account = {account:String}) and client_order_id = {client_order_id:String}
order by receive_time desc, account, `offset` desc, `row` desc
limit 1
