-- How far each shard is in the tables, whole, and how old that is.
select shard, last_offset, receive_time as whole_up_to, dateDiff('millisecond', receive_time, $__toTime_ms) / 1000 as age_s
from watermarks
where $__conditionalAll(shard in (${shard:singlequote}), $shard)
order by age_s desc
limit 200
