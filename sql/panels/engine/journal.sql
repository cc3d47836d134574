-- Journal rows that were committed per second, by shard.
select $__timeInterval_ms(receive_time) as at, shard, sum(journal_rows) / $__interval_s as journal_rows_per_s
from commits final
prewhere $__conditionalAll(shard in (${shard:singlequote}), $shard)
    and $__timeFilter_ms(receive_time)
group by at, shard
order by at, shard
