-- Drawdown as a share of peak equity, and the loss of the UTC day as a share of the equity at its beginning, where measured.
select at, max(lost) as drawdown, max(day_lost) as day_loss
from (
    select $__timeInterval_ms(receive_time) as at, if(isFinite(drawdown), drawdown, null) as lost, null as day_lost
    from accounts
    where $__conditionalAll(account in (${account:singlequote}), $account)
        and $__timeFilter_ms(receive_time)
    union all
    select $__timeInterval_ms(receive_time), null, if(isFinite(risk.day_loss), risk.day_loss, null)
    from risk
    where $__conditionalAll(account in (${account:singlequote}), $account)
        and $__timeFilter_ms(receive_time)
)
group by at
order by at
