-- Share of the peak of equity that is lost: the largest of each point. This is what halts trading.
select $__timeInterval_ms(receive_time) as at, max(drawdown) as lost
from accounts
where $__conditionalAll(account in (${account:singlequote}), $account)
    and $__timeFilter_ms(receive_time) and isFinite(drawdown)
group by at
order by at
