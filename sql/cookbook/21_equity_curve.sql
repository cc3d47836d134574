-- What is an account worth over time, and how far below its peak?
--
-- Table `accounts` has a row a second of data time at most, and one whenever what the account may do changes: equity at
-- the marks, cash, gross with what works. The peak here is that of the rows; `drawdown` is as the kill switch sees it,
-- whose peak a person's `resume` makes new.
select
    account,
    toStartOfMinute(receive_time) as minute,
    argMax(equity, (receive_time, `offset`)) as equity_at_close,
    min(equity) as lowest,
    max(equity) as highest,
    max(max(equity)) over (partition by account order by minute) as peak_so_far,
    max(drawdown) as worst_drawdown,
    max(gross) as largest_gross,
    argMax(state, (receive_time, `offset`)) as state_at_close
from accounts final
group by account, minute
order by account, minute
