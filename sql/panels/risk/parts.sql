-- Value at risk and expected shortfall in parts, by Euler: the newest measurement of the last day; one step of returns.
with
    newest as (
        select max(receive_time) as measured
        from risk_parts
        where $__conditionalAll(account in (${account:singlequote}), $account)
            and receive_time > $__toTime_ms - interval 1 day and receive_time <= $__toTime_ms
    )
select
    dimension, name, sumIf(amount, measure = 'var') / 1e6 as var_part, sumIf(amount, measure = 'es') / 1e6 as es_part,
    if(sum(es_part) over (partition by dimension) != 0, es_part / sum(es_part) over (partition by dimension), null) as share_of_es
from risk_parts final
where $__conditionalAll(account in (${account:singlequote}), $account)
    and receive_time = (select measured from newest)
group by dimension, name
order by dimension, es_part desc
limit 500
