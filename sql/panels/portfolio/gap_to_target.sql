-- Wanted and held now, by instrument, and why that is wanted. What is missing may be working, refused or too small to trade.
with
    units as (
        select venue, instrument, argMax(contract_size, receive_time) as contract_size, argMax(inverse, receive_time) as inverse
        from instruments
        group by venue, instrument
    ),
    held as (
        select account, venue, instrument, argMax(size, (receive_time, `offset`, `row`)) as size,
            argMax(mark_price, (receive_time, `offset`, `row`)) as mark_price, max(receive_time) as since
        from positions final
        where $__conditionalAll(account in (${account:singlequote}), $account)
            and receive_time <= $__toTime_ms
        group by account, venue, instrument
    ),
    wanted as (
        select account, venue, instrument, argMax(notional, (receive_time, `offset`)) as target,
            argMax(reason, (receive_time, `offset`)) as reason, max(receive_time) as asked
        from targets final
        where $__conditionalAll(account in (${account:singlequote}), $account)
            and receive_time <= $__toTime_ms
        group by account, venue, instrument
    )
select
    wanted.account as account, wanted.venue as venue, wanted.instrument as instrument, asked, target,
    if(inverse, size * contract_size, size * contract_size * mark_price) as held_value, target - held_value as missing, reason
from wanted
left join held on held.account = wanted.account and held.venue = wanted.venue and held.instrument = wanted.instrument
left join units on units.venue = wanted.venue and units.instrument = wanted.instrument
order by abs(missing) desc
limit 500
