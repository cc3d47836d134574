-- Rows written per second, by table, as the insert blocks say.
select at, item.1 as into, sum(item.2) / $__interval_s as rows_per_s
from (
    select $__timeInterval_ms(receive_time) as at, arrayJoin(arrayZip(mapKeys(rows), mapValues(rows))) as item
    from commits final
    prewhere $__conditionalAll(shard in (${shard:singlequote}), $shard)
        and $__timeFilter_ms(receive_time)
)
group by at, into
order by at, into
