-- The engine in five numbers: frames and rows per second, latency to the signals and to the store, age of what is whole.
-- Times are looked at before the other columns are read (prewhere): a block that was written twice has them twice the same.
with
    written as (
        select
            sum(received) / greatest(dateDiff('second', $__fromTime, $__toTime), 1) as frames_per_s,
            sum(arraySum(mapValues(rows))) / greatest(dateDiff('second', $__fromTime, $__toTime), 1) as rows_per_s
        from commits final
        prewhere $__timeFilter_ms(receive_time) and $__conditionalAll(shard in (${shard:singlequote}), $shard)
    ),
    newest as (
        select maxOrNullIf(p99_ns, stage = 'sink') / 1e6 as sink_p99, maxOrNullIf(p99_ns, stage = 'store') / 1e6 as store_p99
        from (
            select stage, argMax(latency.p99_ns, receive_time) as p99_ns
            from latency
            where stage in ('sink', 'store') and $__timeFilter_ms(receive_time)
                and $__conditionalAll(shard in (${shard:singlequote}), $shard)
            group by shard, stage
        )
    ),
    reached as (
        select dateDiff('millisecond', min(whole_up_to), $__toTime_ms) / 1000 as oldest_s
        from (
            select max(receive_time) as whole_up_to
            from commits
            where $__conditionalAll(shard in (${shard:singlequote}), $shard)
                and receive_time <= $__toTime_ms and receive_time > $__toTime_ms - interval 30 day
            group by shard
        )
    )
select frames_per_s, rows_per_s, sink_p99, store_p99, oldest_s
from written, newest, reached
