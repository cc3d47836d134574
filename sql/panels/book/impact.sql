-- Impact per unit of volume: Kyle's lambda, the same with news, and Hasbrouck's permanent part.
with
    multiIf($__interval_s < 20, 1, $__interval_s < 1200, 60, 3600) as resolution_s,
    greatest($__interval_s, resolution_s) as step_s
select time, kyle_lambda, flow_lambda, hasbrouck_lambda
from (
    select
        toStartOfInterval(bucket, toIntervalSecond(step_s)) as time,
        avgOrNullIf(kyle_lambda, isFinite(kyle_lambda)) as kyle_lambda,
        avgOrNullIf(flow_lambda, isFinite(flow_lambda)) as flow_lambda,
        avgOrNullIf(hasbrouck_lambda, isFinite(hasbrouck_lambda)) as hasbrouck_lambda
    from (
        select time as bucket, kyle_lambda, flow_lambda, hasbrouck_lambda
        from features_1s final
        where resolution_s = 1 and $__timeFilter(time)
            and venue in (${venue:singlequote}) and instrument in (${instrument:singlequote})
        union all
        select time as bucket, kyle_lambda, flow_lambda, hasbrouck_lambda
        from features_1m final
        where resolution_s = 60 and $__timeFilter(time)
            and venue in (${venue:singlequote}) and instrument in (${instrument:singlequote})
        union all
        select time as bucket, kyle_lambda, flow_lambda, hasbrouck_lambda
        from features_1h final
        where resolution_s = 3600 and $__timeFilter(time)
            and venue in (${venue:singlequote}) and instrument in (${instrument:singlequote})
    )
    group by time
    order by time with fill step step_s
)
order by time
