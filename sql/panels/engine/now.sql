-- The engine in five numbers: frames and rows per second, latency to the signals and to the store, age of what is whole.
select
    (select sum(received) / greatest(dateDiff('second', $__fromTime, $__toTime), 1) from commits final where $__timeFilter_ms(receive_time) and $__conditionalAll(shard in (${shard:singlequote}), $shard)) as frames_per_s,
    (select sum(arraySum(mapValues(rows))) / greatest(dateDiff('second', $__fromTime, $__toTime), 1) from commits final where $__timeFilter_ms(receive_time) and $__conditionalAll(shard in (${shard:singlequote}), $shard)) as rows_per_s,
    (select max(p99_ns) / 1e6 from (select shard, p99_ns from latency final where stage = 'sink' and $__timeFilter_ms(receive_time) and $__conditionalAll(shard in (${shard:singlequote}), $shard) order by receive_time desc limit 1 by shard)) as sink_p99,
    (select max(p99_ns) / 1e6 from (select shard, p99_ns from latency final where stage = 'store' and $__timeFilter_ms(receive_time) and $__conditionalAll(shard in (${shard:singlequote}), $shard) order by receive_time desc limit 1 by shard)) as store_p99,
    (select dateDiff('millisecond', min(receive_time), $__toTime_ms) / 1000 from watermarks where $__conditionalAll(shard in (${shard:singlequote}), $shard)) as oldest_s
