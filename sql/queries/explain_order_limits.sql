-- Limits in force when an order was made that were tighter than the settings, of the account and of the instrument.
-- Parameters: account, venue, instrument, receive_time and offset (of the order's intent), limit (rows).
select *
from (
    select *
    from limits
    where account = {account:String} and venue in ({venue:String}, '') and instrument in ({instrument:String}, '')
        and receive_time <= {receive_time:DateTime64(9, 'UTC')} and `offset` <= {offset:Int64}
    order by receive_time desc, `offset` desc
    limit 1 by venue, instrument, `limit`
)
where value < fixed
order by venue, `limit`
limit {limit:UInt32}
