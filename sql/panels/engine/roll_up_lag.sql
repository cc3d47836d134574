-- How far roll-ups are behind their tables: newest row less newest row that is rolled up, seconds.
select 'quotes' as roll_up, dateDiff('millisecond', (select max(receive_time) from quotes_1s where time >= $__fromTime), max(receive_time)) / 1000 as behind_s
from quotes
where $__timeFilter_ms(receive_time)
union all
select 'features', dateDiff('millisecond', (select max(receive_time) from features_1s where time >= $__fromTime), max(receive_time)) / 1000
from features
where $__timeFilter_ms(receive_time)
union all
select 'trades', dateDiff('millisecond', (select max(receive_time) from trades_1s where time >= $__fromTime), max(receive_time)) / 1000
from trades
where $__timeFilter_ms(receive_time)
