-- Which drawdowns were the worst, how long did they take to the bottom and back?
--
-- A drawdown begins at a peak of equity and ends where that peak is passed; the last one may still be open.
with
    peaks as (
        select
            account, receive_time, equity,
            max(equity) over (partition by account order by receive_time, `offset`) as peak
        from accounts final
        where isFinite(equity)
    )
select
    account,
    peak,
    min(receive_time) as began,
    argMin(receive_time, equity) as bottom,
    max(receive_time) as last_below,
    min(equity) as lowest,
    peak - lowest as lost,
    lost / peak as lost_share,
    dateDiff('second', began, bottom) as falling_s,
    dateDiff('second', bottom, last_below) as rising_s
from peaks
where equity < peak
group by account, peak
order by lost_share desc
limit 20
