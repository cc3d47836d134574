-- What is held, long and short, net and the largest position, quote currency, as measured.
select
    $__timeInterval_ms(receive_time) as at, max(risk.long) as held_long, max(risk.short) as held_short,
    argMax(risk.net, (receive_time, `offset`)) as held_net, max(risk.largest) as largest_position
from risk
where $__conditionalAll(account in (${account:singlequote}), $account)
    and $__timeFilter_ms(receive_time)
group by at
order by at
