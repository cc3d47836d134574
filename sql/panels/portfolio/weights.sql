-- The newest answer of the optimiser beside what was held when it was asked: shares of equity, signed; and why it was given.
with
    newest as (
        select account, request, weights, rung, reason
        from solutions final
        where $__conditionalAll(account in (${account:singlequote}), $account)
            and receive_time <= $__toTime_ms and receive_time > $__toTime_ms - interval 7 day
        order by receive_time desc, `offset` desc, `row` desc
        limit 1 by account
    )
select
    newest.account as account, name, newest.weights[name] as wanted, asked.current[name] as held, wanted - held as change,
    asked.expected[name] * 10000 as expected_bps, asked.confidence[name] as sureness, asked.volatility[name] * 10000 as volatility_bps,
    newest.rung as rung, newest.reason as reason
from newest
left join (select * from problems final where receive_time <= $__toTime_ms and receive_time > $__toTime_ms - interval 8 day) as asked
    on asked.account = newest.account and asked.request = newest.request
array join mapKeys(newest.weights) as name
order by abs(change) desc, name
limit 500
