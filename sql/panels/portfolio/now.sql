-- The account as of its newest row: equity, cash, drawdown, what is held and works; of the fills: profit and fees.
with
    stands as (
        select equity, cash, drawdown, gross
        from accounts
        where $__conditionalAll(account in (${account:singlequote}), $account)
            and receive_time > $__toTime_ms - interval 1 day and receive_time <= $__toTime_ms
        order by receive_time desc, `offset` desc
        limit 1
    )
select
    (select equity from stands) as equity_now, (select cash from stands) as cash_now, (select drawdown from stands) as lost,
    (select gross from stands) as gross_now, sum(realised_pnl) + sum(unrealised_pnl) as profit, sum(fees) as fees_paid,
    countIf(size != 0) as open_positions
from (
    select *
    from positions final
    where $__conditionalAll(account in (${account:singlequote}), $account)
        and receive_time <= $__toTime_ms
    order by receive_time desc, `offset` desc, `row` desc
    limit 1 by account, venue, instrument
)
