-- Size within 1, 5, 10 and 25 basis points of the mid; asks are drawn downwards.
with
    multiIf($__interval_s < 20, 1, $__interval_s < 1200, 60, 3600) as resolution_s,
    greatest($__interval_s, resolution_s) as step_s
select time, bid_depth_1bps, bid_depth_5bps, bid_depth_10bps, bid_depth_25bps, ask_depth_1bps, ask_depth_5bps, ask_depth_10bps, ask_depth_25bps
from (
    select
        toStartOfInterval(bucket, toIntervalSecond(step_s)) as time,
        avgOrNullIf(bid_depth_1bps, isFinite(bid_depth_1bps)) as bid_depth_1bps,
        avgOrNullIf(bid_depth_5bps, isFinite(bid_depth_5bps)) as bid_depth_5bps,
        avgOrNullIf(bid_depth_10bps, isFinite(bid_depth_10bps)) as bid_depth_10bps,
        avgOrNullIf(bid_depth_25bps, isFinite(bid_depth_25bps)) as bid_depth_25bps,
        avgOrNullIf(ask_depth_1bps, isFinite(ask_depth_1bps)) as ask_depth_1bps,
        avgOrNullIf(ask_depth_5bps, isFinite(ask_depth_5bps)) as ask_depth_5bps,
        avgOrNullIf(ask_depth_10bps, isFinite(ask_depth_10bps)) as ask_depth_10bps,
        avgOrNullIf(ask_depth_25bps, isFinite(ask_depth_25bps)) as ask_depth_25bps
    from (
        select time as bucket, bid_depth_1bps, bid_depth_5bps, bid_depth_10bps, bid_depth_25bps, ask_depth_1bps, ask_depth_5bps, ask_depth_10bps, ask_depth_25bps
        from features_1s final
        where resolution_s = 1 and $__timeFilter(time)
            and venue in (${venue:singlequote}) and instrument in (${instrument:singlequote})
        union all
        select time as bucket, bid_depth_1bps, bid_depth_5bps, bid_depth_10bps, bid_depth_25bps, ask_depth_1bps, ask_depth_5bps, ask_depth_10bps, ask_depth_25bps
        from features_1m final
        where resolution_s = 60 and $__timeFilter(time)
            and venue in (${venue:singlequote}) and instrument in (${instrument:singlequote})
        union all
        select time as bucket, bid_depth_1bps, bid_depth_5bps, bid_depth_10bps, bid_depth_25bps, ask_depth_1bps, ask_depth_5bps, ask_depth_10bps, ask_depth_25bps
        from features_1h final
        where resolution_s = 3600 and $__timeFilter(time)
            and venue in (${venue:singlequote}) and instrument in (${instrument:singlequote})
    )
    group by time
    order by time with fill step step_s
)
order by time
