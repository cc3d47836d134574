-- What is held of every instrument, signed, quote currency at the mark of its fill; it stands until the next fill.
with
    units as (
        select venue, instrument, argMax(contract_size, receive_time) as contract_size, argMax(inverse, receive_time) as inverse
        from instruments
        group by venue, instrument
    )
select
    $__timeInterval_ms(held.receive_time) as at, held.instrument as instrument,
    argMax(if(inverse, size * contract_size, size * contract_size * mark_price), (held.receive_time, `offset`, `row`)) as held_value
from (
    select *
    from positions final
    where $__conditionalAll(account in (${account:singlequote}), $account)
        and $__timeFilter_ms(receive_time)
) as held
left join units on units.venue = held.venue and units.instrument = held.instrument
group by at, instrument
order by at, instrument
