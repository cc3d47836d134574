-- Every change of what the account may do, and every refusal, newest first.
select
    receive_time as time, account, event, if(instrument = '', 'whole account', instrument) as concerns, reason,
    arrayStringConcat(arrayMap((k, v) -> concat(k, ' ', toString(round(v, 4))), mapKeys(values), mapValues(values)), ' · ') as measured,
    client_order_id
from risk_events final
where $__conditionalAll(account in (${account:singlequote}), $account)
    and $__timeFilter_ms(receive_time)
order by receive_time desc, `offset` desc, `row` desc
limit 500
