-- The drawdown controller: what may still be lost, what one gap against all positions would cost.
select
    $__timeInterval_ms(receive_time) as at, min(if(isFinite(risk.budget), risk.budget, null)) as budget,
    max(if(isFinite(risk.gap_loss), risk.gap_loss, null)) as gap_loss
from risk
where $__conditionalAll(account in (${account:singlequote}), $account)
    and $__timeFilter_ms(receive_time)
group by at
order by at
