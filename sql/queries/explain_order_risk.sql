-- Risk as it was last measured before an order was made.
-- Parameters: account, receive_time and offset (of the order's intent).
select *
from risk
where account = {account:String} and `offset` <= {offset:Int64}
    and receive_time <= {receive_time:DateTime64(9, 'UTC')} and receive_time >= {receive_time:DateTime64(9, 'UTC')} - interval 1 day
order by receive_time desc, `offset` desc
limit 1
