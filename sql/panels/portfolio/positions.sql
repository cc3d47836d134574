-- What every account holds as of its last fill in or before the range.
select
    account, venue, instrument, receive_time as since, size, average_price, mark_price, realised_pnl, unrealised_pnl, fees
from positions final
where $__conditionalAll(account in (${account:singlequote}), $account)
    and receive_time <= $__toTime_ms
order by receive_time desc, `offset` desc, `row` desc
limit 1 by account, venue, instrument
limit 500
