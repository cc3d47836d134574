-- Limits that are tighter than those of the settings, and why.
select
    if(instrument = '', 'whole account', instrument) as concerns, `limit` as limit_name, value as in_force, fixed as of_settings,
    if(fixed > 0, value / fixed, null) as share, reason,
    arrayStringConcat(arrayMap((k, v) -> concat(k, ' ', toString(round(v, 4))), mapKeys(factors), mapValues(factors)), ' · ') as made_of,
    receive_time as since
from (
    select *
    from limits final
    where $__conditionalAll(account in (${account:singlequote}), $account)
        and receive_time <= $__toTime_ms
    order by receive_time desc, `offset` desc
    limit 1 by account, venue, instrument, `limit`
)
where value < fixed
order by share, concerns, limit_name
limit 500
