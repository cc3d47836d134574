-- What each scenario would cost now: the newest measurement of the last day.
with
    newest as (
        select equity, budget, stress
        from risk
        where $__conditionalAll(account in (${account:singlequote}), $account)
            and receive_time > $__toTime_ms - interval 1 day and receive_time <= $__toTime_ms
        order by receive_time desc, `offset` desc
        limit 1
    )
select
    scenario, newest.stress[scenario] as loss, if(equity > 0, loss / equity, null) as share_of_equity,
    if(budget > 0, loss / budget, null) as share_of_budget
from newest
array join mapKeys(newest.stress) as scenario
order by loss desc
limit 100
