-- Every limit that moved, newest first.
select
    receive_time as time, account, if(instrument = '', 'whole account', instrument) as concerns, `limit` as limit_name, previous,
    value as in_force, fixed as of_settings, reason,
    arrayStringConcat(arrayMap((k, v) -> concat(k, ' ', toString(round(v, 4))), mapKeys(factors), mapValues(factors)), ' · ') as made_of
from limits final
where $__conditionalAll(account in (${account:singlequote}), $account)
    and $__timeFilter_ms(receive_time)
order by receive_time desc, limit_name, concerns
limit 500
