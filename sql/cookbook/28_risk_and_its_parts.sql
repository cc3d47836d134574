-- How large were value at risk and expected shortfall, and which instrument made them?
--
-- Parts are by Euler, of historical simulation and of one step of returns, in millionths: those of one measure and
-- dimension sum to it exactly. Value at risk by method stands in `risk`, over the horizon of the settings.
with
    parts as (
        select
            account, receive_time,
            sum(amount) / 1e6 as shortfall,
            argMax(name, amount) as largest_part,
            if(shortfall != 0, max(amount) / 1e6 / shortfall, null) as share_of_it
        from risk_parts final
        where measure = 'es' and dimension = 'instrument'
        group by account, receive_time
    )
select
    risk.account as account,
    risk.receive_time as measured,
    equity,
    drawdown,
    gross,
    arrayMax(mapValues(var)) as largest_var,
    arraySort(x -> -var[x], mapKeys(var))[1] as method,
    arrayMax(mapValues(es)) as largest_es,
    largest_part,
    share_of_it
from risk final
left join parts on parts.account = risk.account and parts.receive_time = risk.receive_time
order by measured desc
limit 100
