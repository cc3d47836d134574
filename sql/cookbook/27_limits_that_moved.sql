-- Which limits of risk moved, how tight did they become, and what moved them?
--
-- Limits in force are never looser than those of the settings (`fixed`). A reason is the factor that was smallest then.
select
    account,
    if(instrument = '', 'whole account', instrument) as concerns,
    `limit` as limit_name,
    count() as moves,
    min(value / fixed) as tightest_share,
    argMax(value / fixed, (receive_time, `offset`)) as share_now,
    topK(3)(reason) as usual_reasons,
    max(receive_time) as newest
from limits final
where fixed > 0
group by account, concerns, limit_name
order by tightest_share, limit_name
