-- The largest positions, quote currency at their last mark, and their share of what is held.
with
    units as (
        select venue, instrument, argMax(contract_size, receive_time) as contract_size, argMax(inverse, receive_time) as inverse
        from instruments
        group by venue, instrument
    )
select
    held.account as account, held.venue as venue, held.instrument as instrument,
    abs(if(inverse, size * contract_size, size * contract_size * mark_price)) as value,
    if(sum(value) over () > 0, value / sum(value) over (), null) as share_of_gross
from (
    select *
    from positions final
    where $__conditionalAll(account in (${account:singlequote}), $account)
        and receive_time <= $__toTime_ms
    order by receive_time desc, `offset` desc, `row` desc
    limit 1 by account, venue, instrument
) as held
left join units on units.venue = held.venue and units.instrument = held.instrument
order by value desc
limit 20
