-- What every account holds. Without a window, because a position that nobody touched for a week is still held.
-- Parameters: instrument and account ('' = all), limit (rows).
select
    account, venue, instrument, time, receive_time, size, average_price, mark_price, realised_pnl, unrealised_pnl, fees
from positions
where ({instrument:String} = '' or instrument = {instrument:String})
    and ({account:String} = '' or account = {account:String})
order by receive_time desc, `offset` desc, `row` desc
limit 1 by account, venue, instrument
limit {limit:UInt32}
