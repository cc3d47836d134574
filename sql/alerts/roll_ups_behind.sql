-- How long the oldest stretch of rows has been waiting for its roll-up, seconds; 0 where none waits.
select toFloat64(if(count() = 0, 0, greatest(dateDiff('millisecond', min(noted_at), $__toTime_ms) / 1000, 0))) as waiting_s
from touched final
where sign = 1 and noted_at <= $__toTime_ms
