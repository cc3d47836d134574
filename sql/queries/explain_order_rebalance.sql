-- Why the optimiser had been asked.
-- Parameters: account, request, receive_time (of the order's intent).
select *
from rebalances
where account = {account:String} and `offset` = {request:Int64}
    and receive_time <= {receive_time:DateTime64(9, 'UTC')} and receive_time >= {receive_time:DateTime64(9, 'UTC')} - interval 7 day
limit 1
