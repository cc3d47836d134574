-- What became of frames, per second: made rows, said what was known, could not be read, said nothing of the market, were shed.
select
    $__timeInterval_ms(receive_time) as at, sum(applied) / $__interval_s as applied, sum(duplicate) / $__interval_s as duplicate,
    sum(dead_lettered) / $__interval_s as dead_lettered, sum(control) / $__interval_s as control, sum(shed) / $__interval_s as shed
from commits final
prewhere $__timeFilter_ms(receive_time)
group by at
order by at
