-- The account's dealings with its venue, newest first: what its word differed in from ours, what could not be told, the link.
select
    receive_time as time, account, event, if(instrument = '', 'whole account', instrument) as concerns, reason,
    arrayStringConcat(arrayMap((k, v) -> concat(k, ' ', toString(round(v, 8))), mapKeys(values), mapValues(values)), ' · ') as told,
    client_order_id
from risk_events final
where $__conditionalAll(account in (${account:singlequote}), $account)
    and event not in ('refused', 'warning', 'reducing', 'halted', 'resumed', 'dropped') and $__timeFilter_ms(receive_time)
order by receive_time desc, `offset` desc, `row` desc
limit 500
