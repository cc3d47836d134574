-- The account as of its newest fills: profit, open profit, fees, what is held in how many instruments.
with
    units as (
        select venue, instrument, argMax(contract_size, receive_time) as contract_size, argMax(inverse, receive_time) as inverse
        from instruments
        group by venue, instrument
    )
select
    sum(realised_pnl) + sum(unrealised_pnl) as profit, sum(unrealised_pnl) as open_profit, sum(fees) as fees_paid,
    sum(abs(if(inverse, size * contract_size, size * contract_size * mark_price))) as gross, countIf(size != 0) as open_positions
from (
    select *
    from positions final
    where $__conditionalAll(account in (${account:singlequote}), $account)
        and receive_time <= $__toTime_ms
    order by receive_time desc, `offset` desc, `row` desc
    limit 1 by account, venue, instrument
) as held
left join units on units.venue = held.venue and units.instrument = held.instrument
