-- How far roll-ups are behind their tables now: second of the newest row less newest second that is rolled up. Both are
-- known from the bounds of parts; no row is read.
select 'quotes' as roll_up, dateDiff('second', (select max(time) from quotes_1s), (select max(receive_time) from quotes)) as behind_s
union all
select 'features', dateDiff('second', (select max(time) from features_1s), (select max(receive_time) from features))
union all
select 'trades', dateDiff('second', (select max(time) from trades_1s), (select max(receive_time) from trades))
