-- Which limits bind: what one unit more of each would be worth, as of the answers of the range; and which could not be kept.
select
    limit_name, countIf(worth > 0) as binding_answers, max(worth) as largest_worth, argMax(worth, receive_time) as newest_worth,
    countIf(broken > 0) as relaxed_answers, max(broken) as largest_slack, max(receive_time) as newest
from (
    select receive_time, limit_name, duals[limit_name] as worth, slack[limit_name] as broken
    from (
        select receive_time, duals, slack
        from solutions final
        where $__conditionalAll(account in (${account:singlequote}), $account)
            and $__timeFilter_ms(receive_time)
    )
    array join arrayDistinct(arrayConcat(mapKeys(duals), mapKeys(slack))) as limit_name
)
group by limit_name
order by binding_answers desc, limit_name
limit 200
